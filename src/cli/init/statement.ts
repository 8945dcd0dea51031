const opening = '([{';
const closing = ')]}';

/** Ends with a token after which a statement goes on in the next line. */
const goesOn = /(?:[=+\-*/%&|^<>?:,.([{!~]|\b(?:await|new|as|satisfies|typeof|extends|in|of|instanceof))$/;
/** A token that goes on with the statement of the line before. */
const takesUp = /^(?:[.,([`=+*/%&|^<>?:-]|(?:as|satisfies|instanceof|in)\b)/;

/**
 * The position behind the statement that begins at `start`, its semicolon included; undefined where that is not certain. The code is
 * masked.
 */
export function statementEnd(code: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < code.length; at += 1) {
    const character = code[at] as string;
    if (opening.includes(character)) depth += 1;
    else if (closing.includes(character)) {
      if (depth === 0) return undefined;
      depth -= 1;
    } else if (depth > 0) continue;
    else if (character === ';') return at + 1;
    else if (character === '\n') {
      if (goesOn.test(code.slice(start, at).trimEnd())) continue;
      if (!takesUp.test(code.slice(at).trimStart())) return start + code.slice(start, at).trimEnd().length;
    }
  }
  return depth === 0 ? start + code.slice(start).trimEnd().length : undefined;
}

/** The brackets that are open at a position of masked code, the innermost last. */
export function openBrackets(code: string, position: number): string {
  let open = '';
  for (const character of code.slice(0, position)) {
    if (opening.includes(character)) open += character;
    else if (closing.includes(character)) open = open.slice(0, -1);
  }
  return open;
}
