import { openBrackets, statementEnd } from './statement.js';

/** A name that a file has for something of a package. */
export interface Binding {
  readonly package: string;
  /** What of the package: `default`, `*`, or the name of an export. */
  readonly imported: string;
  readonly local: string;
  readonly isImport: boolean;
  /** Where the statement stands that makes it. */
  readonly start: number;
  readonly end: number;
  readonly quote: string;
}

const importing = /^[ \t]*import\s+(?!type\b)([^;'"]*?)\s+from\s*(['"])( *)\2/gm;
const importEquals = /^[ \t]*import\s+([\w$]+)\s*=\s*require\(\s*(['"])( *)\2\s*\)/gm;
const requiring = /^[ \t]*(?:const|let|var)\s+([\w$]+|\{[^}]*\})\s*=\s*require\(\s*(['"])( *)\2\s*\)/gm;

/** The names that a file has for what it loads, by `import` and `require` at its top level. The code is masked. */
export function bindingsOf(text: string, code: string): readonly Binding[] {
  return [importing, importEquals, requiring].flatMap((pattern) =>
    [...code.matchAll(pattern)].flatMap((match) => {
      const [whole, clause = '', quote = '', blank = ''] = match;
      const start = match.index;
      const end = statementEnd(code, start + whole.search(/\S/));
      if (end === undefined || openBrackets(code, start) !== '') return [];
      const name = start + whole.lastIndexOf(`${quote}${blank}${quote}`) + 1;
      const common = {
        package: text.slice(name, name + blank.length),
        isImport: pattern !== requiring,
        start,
        end,
        quote,
      };
      return namesIn(clause).map((names) => ({ ...names, ...common }));
    }),
  );
}

/** Of `a, { b, c as d }`, `* as e` or `{ f: g }`. */
function namesIn(clause: string): { imported: string; local: string }[] {
  const names: { imported: string; local: string }[] = [];
  const inBraces = /\{([^}]*)\}/.exec(clause)?.[1] ?? '';
  for (const each of inBraces.split(',')) {
    const [imported, local = imported] = each.trim().split(/\s+as\s+|\s*:\s*/);
    if (imported && local && /^[\w$]+$/.test(imported)) names.push({ imported, local });
  }
  for (const each of clause.replace(/\{[^}]*\}/, '').split(',')) {
    const star = /^\*\s+as\s+([\w$]+)$/.exec(each.trim())?.[1];
    if (star !== undefined) names.push({ imported: '*', local: star });
    else if (/^[\w$]+$/.test(each.trim())) names.push({ imported: 'default', local: each.trim() });
  }
  return names;
}
