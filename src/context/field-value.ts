const tab = 0x09;
const space = 0x20;

/**
 * Text without the blanks and tabs around it: the optional whitespace of RFC 9110, section 5.6.3.
 * Not `trim()`, which takes the no-break space as well, and no regex, which is quadratic on a long run of blanks.
 */
export function trimOws(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isOws(text.charCodeAt(from))) from += 1;
  while (to > from && isOws(text.charCodeAt(to - 1))) to -= 1;
  return to - from === text.length ? text : text.slice(from, to);
}

function isOws(code: number): boolean {
  return code === space || code === tab;
}

/**
 * One list out of all fields of a header, in the order they came, as RFC 9110, section 5.3 combines them; `''` without any.
 * Fields that hold only whitespace are left out.
 */
export function combineFields(header: unknown): string {
  if (typeof header === 'string') return trimOws(header);
  if (!Array.isArray(header)) return '';
  let combined = '';
  for (const field of header) {
    const value = typeof field === 'string' ? trimOws(field) : '';
    if (value !== '') combined += combined === '' ? value : `,${value}`;
  }
  return combined;
}
