import { ATTRIBUTE, type Field, tokensOf } from './filter-text.js';

/** What there is to choose from: values by field, with `attr.<key>` for those of an attribute. */
export type Vocabulary = Readonly<Record<string, readonly string[]>>;

export interface Completion {
  /** What is put in. */
  readonly text: string;
  readonly hint: string;
}

export interface Completions {
  /** Which part of the text they replace. */
  readonly from: number;
  readonly to: number;
  readonly options: readonly Completion[];
  /** The field whose values are looked for, `attr.` for the names of attributes; undefined for none. */
  readonly wanted: string | undefined;
}

const most = 8;

/** What may stand where the caret is. */
export function complete(
  text: string,
  caret: number,
  fields: readonly Field[],
  vocabulary: Vocabulary,
): Completions {
  const before = tokensOf(text.slice(0, caret));
  const last = before.at(-1);
  const isTouching = last !== undefined && last.to === caret;
  const isOpenQuote = isTouching && last.isQuoted && !text.slice(last.from, caret).match(/^".*"$/);
  const current = isTouching && !last.isOperator && (!last.isQuoted || isOpenQuote) ? last : undefined;
  const operatorAt = before.length - (current === undefined ? 1 : 2);
  const from = current?.from ?? caret;
  const typed = current?.text.toLowerCase() ?? '';
  if (before[operatorAt]?.isOperator && operatorAt > 0) {
    const name = (before[operatorAt - 1]?.text ?? '').toLowerCase();
    const key = name.startsWith(ATTRIBUTE) ? (before[operatorAt - 1]?.text ?? '') : name;
    const field = fields.find((one) => one.name === name);
    const known = [...(field?.values ?? []), ...(vocabulary[key] ?? [])];
    return {
      from,
      to: caret,
      options: ranked(known, typed).map((value) => ({ text: `${valueText(value)} `, hint: '' })),
      wanted: field?.isLearned === true || name.startsWith(ATTRIBUTE) ? key : undefined,
    };
  }
  const names: Completion[] = [];
  for (const { name, isFlag, operators, hint } of fields) {
    if (name === ATTRIBUTE) {
      if (typed.startsWith(ATTRIBUTE))
        for (const key of ranked(keysOf(vocabulary), typed.slice(ATTRIBUTE.length)))
          names.push({ text: `${ATTRIBUTE}${key} = `, hint: '' });
      else if (name.startsWith(typed)) names.push({ text: name, hint });
    } else if (name.startsWith(typed))
      names.push({ text: isFlag ? `${name} ` : `${name} ${operators[0]} `, hint });
  }
  return {
    from,
    to: caret,
    options: names.slice(0, fields.length + most),
    wanted: typed.startsWith(ATTRIBUTE) ? ATTRIBUTE : undefined,
  };
}

/** Values as they are typed. */
function valueText(value: string): string {
  return /^[^\s"\\]+$/.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`;
}

function keysOf(vocabulary: Vocabulary): string[] {
  return Object.keys(vocabulary)
    .filter((name) => name.startsWith(ATTRIBUTE))
    .map((name) => name.slice(ATTRIBUTE.length));
}

/** Those that begin with what is typed, then those that have it. */
function ranked(values: readonly string[], typed: string): string[] {
  const unique = [...new Set(values)];
  const begins = unique.filter((value) => value.toLowerCase().startsWith(typed));
  const has = unique.filter((value) => !begins.includes(value) && value.toLowerCase().includes(typed));
  return [...begins, ...has].slice(0, most);
}
