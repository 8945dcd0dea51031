import { PACKAGE } from '../../version.js';
import type { AppPlace } from './app-place.js';

/** A line that is added, numbered as it will stand. */
export interface AddedLine {
  readonly line: number;
  readonly text: string;
}

/** A file with the lines that instrument its application. */
export interface Addition {
  readonly text: string;
  readonly lines: readonly AddedLine[];
}

/** The line that loads `instrument`, behind the one that loads the framework, and the call, behind the one that makes the application. */
export function additionTo(text: string, { binding, app, indent, end }: AppPlace): Addition {
  const from = `${binding.quote}${PACKAGE}${binding.quote}`;
  const load = binding.isImport
    ? `import { instrument } from ${from}`
    : `const { instrument } = require(${from})`;
  const added = [
    { after: binding.end, line: load },
    { after: end, line: `${indent}instrument(${app})` },
  ].map(({ after, line }) => ({ after, line: text[after - 1] === ';' ? `${line};` : line }));
  const lines = added.map(({ after, line }, index) => ({
    line: text.slice(0, after).split('\n').length + 1 + index,
    text: line,
  }));
  // The later one first, as positions are those of the text before.
  return { text: added.reduceRight((before, { after, line }) => withLine(before, after, line), text), lines };
}

/** With a line more, behind the one in which the position is. */
function withLine(text: string, position: number, line: string): string {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const end = text.indexOf('\n', position);
  if (end < 0) return `${text}${newline}${line}`;
  return `${text.slice(0, end + 1)}${line}${newline}${text.slice(end + 1)}`;
}
