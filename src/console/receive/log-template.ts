const variable =
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|\b[0-9a-f]{16,}\b|"[^"]{0,200}"|'[^']{0,200}'|\b\d[\d.:]*/gi;

/** A line without what differs from one to the next: numbers, ids and quoted texts are `*`. Only the first line of several. */
export function templateOf(line: string): string {
  const end = line.indexOf('\n');
  const first = end < 0 ? line : line.slice(0, end);
  return first.replace(variable, '*').slice(0, 300);
}
