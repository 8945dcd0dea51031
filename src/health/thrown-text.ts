import { redactThrown } from './redact.js';
import { hideCredentials } from './secret-spans.js';
import { propertyOf } from './settle.js';

const maxChars = 4_000;
const maxCauses = 3;

/**
 * Describes a thrown value for the log: its stack and those of its causes, without credentials, at most 4,000 characters. Other properties
 * are left out, as drivers keep their connection settings there. Never throws.
 */
export function thrownText(thrown: unknown): string {
  const parts: string[] = [];
  let current = thrown;
  for (let depth = 0; depth <= maxCauses; depth += 1) {
    const text = ownText(current);
    parts.push(depth === 0 ? text : `cause: ${text}`);
    current = propertyOf(current, 'cause');
    if (current === undefined || current === null) break;
  }
  const text = parts.join('\n');
  return text.length > maxChars ? `${text.slice(0, maxChars - 1)}…` : text;
}

function ownText(thrown: unknown): string {
  if (typeof thrown === 'string') return hideCredentials(thrown.slice(0, maxChars));
  const stack = propertyOf(thrown, 'stack');
  return typeof stack === 'string' && stack !== ''
    ? hideCredentials(stack.slice(0, maxChars))
    : redactThrown(thrown);
}
