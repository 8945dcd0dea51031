/**
 * JavaScript or TypeScript with everything that is no code blanked out, place for place: a position means the same in both. Quotes and
 * line breaks of comments stay, so that a string is still seen to be one and a line to end.
 */
export function maskedCode(text: string): string {
  const out = text.split('');
  let at = text.startsWith('#!') ? lineEnd(0) : 0;
  blank(0, at);
  let before = '';
  while (at < text.length) {
    const character = text[at] as string;
    const two = text.slice(at, at + 2);
    if (two === '//') at = blanked(at, lineEnd(at));
    else if (two === '/*') at = blanked(at, after('*/', at + 2));
    else if (character === '"' || character === "'" || character === '`') {
      const end = stringEnd(at, character);
      blank(at + 1, end - 1, ' ');
      before = character;
      at = end;
    } else if (character === '/' && beginsExpression(before)) {
      const end = regexpEnd(at);
      blank(at, end, '0');
      before = '0';
      at = end;
    } else {
      if (!/\s/.test(character)) before = /[\w$]/.test(character) ? wordBefore(at) : character;
      at += 1;
    }
  }
  return out.join('');

  function blank(from: number, to: number, by?: string): void {
    for (let i = from; i < to; i += 1) out[i] = by ?? (text[i] === '\n' ? '\n' : ' ');
  }
  function blanked(from: number, to: number): number {
    blank(from, to);
    return to;
  }
  function lineEnd(from: number): number {
    const end = text.indexOf('\n', from);
    return end < 0 ? text.length : end;
  }
  function after(mark: string, from: number): number {
    const end = text.indexOf(mark, from);
    return end < 0 ? text.length : end + mark.length;
  }
  function stringEnd(from: number, quote: string): number {
    for (let i = from + 1; i < text.length; i += 1) {
      if (text[i] === '\\') i += 1;
      else if (text[i] === quote) return i + 1;
      else if (text[i] === '\n' && quote !== '`') return i;
      else if (quote === '`' && text.startsWith('${', i)) i = insertionEnd(i + 2);
    }
    return text.length;
  }
  /** Where the brace of a `${` closes; what it holds may have strings of its own. */
  function insertionEnd(from: number): number {
    let depth = 1;
    for (let i = from; i < text.length; i += 1) {
      const character = text[i] as string;
      if (character === '{') depth += 1;
      else if (character === '}' && --depth === 0) return i;
      else if (character === '"' || character === "'" || character === '`') i = stringEnd(i, character) - 1;
    }
    return text.length;
  }
  function regexpEnd(from: number): number {
    let isClass = false;
    for (let i = from + 1; i < text.length && text[i] !== '\n'; i += 1) {
      if (text[i] === '\\') i += 1;
      else if (text[i] === '[') isClass = true;
      else if (text[i] === ']') isClass = false;
      else if (text[i] === '/' && !isClass) return i + 1;
    }
    return from + 1;
  }
  function wordBefore(last: number): string {
    let first = last;
    while (first > 0 && /[\w$]/.test(text[first - 1] as string)) first -= 1;
    return text.slice(first, last + 1);
  }
}

/** Whether a slash after this token begins a regular expression, and does not divide. */
function beginsExpression(token: string): boolean {
  return /^(?:|[(,=:[!&|?{;+\-*%~^<>]|return|typeof|case|in|of|delete|void|throw|new|else|do|yield|await)$/.test(
    token,
  );
}
