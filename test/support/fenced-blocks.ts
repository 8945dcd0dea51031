/** A fenced block of a Markdown file. */
export interface FencedBlock {
  /** What stands behind the opening fence, as in `js`; an empty string where nothing does. */
  readonly language: string;
  readonly code: string;
  /** The line of its opening fence, from 1. */
  readonly line: number;
}

/** All fenced blocks, in order, also indented ones and those fenced by tildes. Throws for one that is not closed. */
export function fencedBlocks(markdown: string): FencedBlock[] {
  const blocks: FencedBlock[] = [];
  let open: { fence: string; language: string; line: number; lines: string[] } | undefined;
  for (const [index, text] of markdown.split('\n').entries()) {
    const [, fence = '', language = ''] = /^\s*(`{3,}|~{3,})\s*(.*?)\s*$/.exec(text) ?? [];
    if (open === undefined) {
      if (fence !== '') open = { fence, language, line: index + 1, lines: [] };
    } else if (fence.startsWith(open.fence) && language === '') {
      blocks.push({
        language: open.language,
        code: open.lines.map((line) => `${line}\n`).join(''),
        line: open.line,
      });
      open = undefined;
    } else {
      open.lines.push(text);
    }
  }
  if (open !== undefined) throw new Error(`the block in line ${open.line} has no end`);
  return blocks;
}
