import { isError } from '../../../core/is-error.js';
import { TemplateError } from './template-error.js';
import { type Expression, parseExpression, type TemplateData } from './template-expression.js';
import { isTrue, print } from './template-value.js';

type Node =
  | string
  | Expression
  | { readonly branches: readonly (readonly [Expression | undefined, readonly Node[]])[] };

/** A text with its templates: gives what they stand for, or in its place why it cannot. */
export type Template = (data: TemplateData) => string;

/**
 * Reads a text of an annotation or a label: Go's templates with values, functions and `if`, but without `range`, `with`, variables and
 * `query`.
 * @throws TemplateError that says what is wrong, or not supported.
 */
export function parseTemplate(text: string): Template {
  const parts = partsOf(text);
  const reader = { parts, at: 0 };
  const nodes = readNodes(reader);
  if (reader.at < parts.length) throw new TemplateError(`unexpected {{ ${actionAt(reader)} }}`);
  if (nodes.every((node) => typeof node === 'string')) {
    const whole = nodes.join('');
    return () => whole;
  }
  return (data) => {
    try {
      return write(nodes, data);
    } catch (error) {
      return `<error expanding template: ${isError(error) ? error.message : String(error)}>`;
    }
  };
}

/** Plain text, or what stands in an action. */
type Part = { readonly text: string } | { readonly action: string };

interface Reader {
  readonly parts: readonly Part[];
  at: number;
}

const action = /\{\{(-\s)?\s*((?:"(?:[^"\\]|\\.)*"|`[^`]*`|(?!\}\}|\s-\}\})[^"`])*?)\s*(\s-)?\}\}/g;

function partsOf(source: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  let isTrimmed = false;
  const pushText = (text: string, isTrimmedAfter: boolean) => {
    let plain = isTrimmed ? text.trimStart() : text;
    if (isTrimmedAfter) plain = plain.trimEnd();
    if (plain.includes('{{')) throw new TemplateError('unclosed action');
    if (plain !== '') parts.push({ text: plain });
  };
  for (const match of source.matchAll(action)) {
    pushText(source.slice(at, match.index), match[1] !== undefined);
    const body = match[2] as string;
    if (!body.startsWith('/*')) parts.push({ action: body });
    isTrimmed = match[3] !== undefined;
    at = match.index + match[0].length;
  }
  pushText(source.slice(at), false);
  return parts;
}

function actionAt({ parts, at }: Reader): string | undefined {
  const part = parts[at];
  return part !== undefined && 'action' in part ? part.action : undefined;
}

/** Until the `else` or `end` that is not its own. */
function readNodes(reader: Reader): Node[] {
  const nodes: Node[] = [];
  while (reader.at < reader.parts.length) {
    const part = reader.parts[reader.at] as Part;
    if ('text' in part) {
      nodes.push(part.text);
      reader.at += 1;
      continue;
    }
    const keyword = /^(?:if|else|end|range|with|define|template|block)\b/.exec(part.action)?.[0];
    if (keyword === 'else' || keyword === 'end') return nodes;
    if (keyword === undefined) {
      nodes.push(parseExpression(part.action));
      reader.at += 1;
      continue;
    }
    if (keyword !== 'if') throw new TemplateError(`{{ ${keyword} }} is not supported here`);
    nodes.push(readIf(reader));
  }
  return nodes;
}

function readIf(reader: Reader): Node {
  const branches: (readonly [Expression | undefined, readonly Node[]])[] = [];
  for (;;) {
    const text = actionAt(reader);
    if (text === undefined) throw new TemplateError('unexpected EOF in {{ if }}');
    reader.at += 1;
    if (text === 'end') return { branches };
    const condition = /^(?:else\s+)?if\s+(.+)$/s.exec(text)?.[1];
    branches.push([condition === undefined ? undefined : parseExpression(condition), readNodes(reader)]);
  }
}

function write(nodes: readonly Node[], data: TemplateData): string {
  return nodes
    .map((node) => {
      if (typeof node === 'string') return node;
      if (typeof node === 'function') return print(node(data));
      const taken = node.branches.find(([condition]) => condition === undefined || isTrue(condition(data)));
      return taken === undefined ? '' : write(taken[1], data);
    })
    .join('');
}
