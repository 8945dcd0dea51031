import { hideSecrets } from './secret-spans.js';
import { propertyOf } from './settle.js';

const maxChars = 200;
// Bounds the work on a huge message.
const maxScanned = 1_000;

const nameShape = /^[A-Za-z][A-Za-z0-9]{0,60}$/;
const nameEnd = /(?:error|exception|failure)$/i;
const codeShape = /^(?:[A-Z]{2,30}[0-9]{0,2}(?:_[A-Z0-9]{1,24}){0,6}|[0-9A-Z]{5}|[0-9]{1,5})$/;

/**
 * What a body may show of a text that foreign code wrote: its first line, at most 200 characters, without URL credentials, query
 * strings, values of password, secret, token and key pairs, bearer and JWT strings, and tokens that look random. It hides too much rather
 * than too little; a secret that is a plain word in plain prose is beyond it. Never throws.
 */
export function redactText(text: string): string {
  return clip(hideSecrets(firstLine(text)));
}

/** What a body may show of anything thrown: name, code and message, each redacted; never stack, cause or other properties. Never throws. */
export function redactThrown(thrown: unknown): string {
  if (typeof thrown === 'string') return redactText(thrown) || 'threw an empty string';
  if (thrown === null || thrown === undefined) return `threw ${thrown}`;
  if (typeof thrown !== 'object' && typeof thrown !== 'function') return `threw a ${typeof thrown}`;
  const name = propertyOf(thrown, 'name');
  const code = propertyOf(thrown, 'code');
  const message = propertyOf(thrown, 'message');
  const head: string[] = [];
  if (typeof name === 'string' && nameShape.test(name) && nameEnd.test(name)) head.push(name);
  if ((typeof code === 'string' || typeof code === 'number') && codeShape.test(String(code)))
    head.push(String(code));
  const said = typeof message === 'string' ? redactText(message) : '';
  if (head.length === 0) return said || 'threw an object';
  return clip(said === '' ? head.join(' ') : `${head.join(' ')}: ${said}`);
}

function firstLine(text: string): string {
  const scanned = text.slice(0, maxScanned);
  const line = scanned.trimStart().split(/[\r\n\v\f\u0085\u2028\u2029]/, 1)[0] as string;
  const isCut = text.length > maxScanned && scanned.endsWith(line);
  // A cut may go through a URL or a token and leave a half that no pattern knows.
  return isCut ? line.slice(0, Math.max(0, line.lastIndexOf(' '))) : line.trimEnd();
}

function clip(text: string): string {
  return text.length > maxChars ? `${text.slice(0, maxChars - 1)}…` : text;
}
