import { type Layer, type LayerMatch, layerLike } from './layer.js';

/** path-to-regexp 0.1, of express 4, keeps the expression of a mount path and the names of its parameters, not its text. */
interface Key {
  readonly name: string | number;
}

// What a parameter without an expression of its own is compiled to, by the versions of path-to-regexp 0.1.
const anySegment = /^\((?:\[\^\/(?:\\\.)?\]\+\?|\(\?:\(\?!\/.*\)\.\)\+\?)\)$/;
const end = '/?(?=/|$)';

/** The expressions of a layer's paths, each with its template; undefined when they could not be traced back. */
type Paths = readonly { readonly expression: RegExp; readonly template: string }[] | undefined;

const pathsByLayer = new WeakMap<Layer, { readonly paths: Paths }>();

/**
 * The template that an expression was compiled from, proved by compiling it again; of several mount paths the first that matches. For an
 * expression from the user, or one whose template is not found, its own source.
 */
export function templateOfRegexp(layer: Layer, regexp: RegExp, match: LayerMatch): string {
  let known = pathsByLayer.get(layer);
  if (known === undefined) {
    known = { paths: pathsOf(layer, regexp) };
    pathsByLayer.set(layer, known);
  }
  const found = known.paths?.find(({ expression }) => expression.test(match.path));
  return found?.template ?? String(regexp);
}

function pathsOf(layer: Layer, { source, flags }: RegExp): Paths {
  const sources = unwrapped(source)
    .split('|^')
    .map((text, index) => (index === 0 ? text : `^${text}`));
  const names = ((layer as { keys?: readonly Key[] }).keys ?? []).map(({ name }) => name);
  const templates: string[] = [];
  for (const alternative of sources) {
    const template = guess(alternative, names);
    if (template === undefined) return undefined;
    templates.push(template);
  }
  const options = { end: false, strict: false, sensitive: !flags.includes('i') };
  const again = layerLike(layer, templates.length === 1 ? templates[0] : templates, options).regexp;
  if (again?.source !== source || again.flags !== flags) return undefined;
  return sources.map((text, index) => ({
    expression: new RegExp(text, flags),
    template: templates[index] as string,
  }));
}

/** Several paths in one, as path-to-regexp before 0.1.8 has them. */
function unwrapped(source: string): string {
  return source.startsWith('(?:^') && source.endsWith(')') ? source.slice(3, -1) : source;
}

/** Takes the names that it needs from the front of the list. */
function guess(source: string, names: (string | number)[]): string | undefined {
  const text = source.replaceAll('\\/', '/');
  if (!text.startsWith('^') || !text.endsWith(end)) return undefined;
  const body = text.slice(1, -end.length);
  let template = '';
  for (let at = 0; at < body.length; ) {
    if (body.startsWith('(?:', at)) {
      const close = closing(body, at);
      const parameter = parameterOf(body.slice(at + 3, close), names);
      if (parameter === undefined) return undefined;
      template += parameter;
      at = close + 1;
    } else if (body.startsWith('(.*)', at)) {
      names.shift();
      template += '*';
      at += 4;
    } else if (body.startsWith('\\.', at)) {
      template += '.';
      at += 2;
    } else if (/[()[\]\\]/.test(body[at] as string)) {
      return undefined;
    } else {
      template += body[at];
      at += 1;
    }
  }
  return template === '' ? '/' : template;
}

/** The inside of `(?:/(…))` as `/:name(…)`. */
function parameterOf(inside: string, names: (string | number)[]): string | undefined {
  const [, slash = '', dot, capture] = /^(\/)?(\\\.)?(\(.+\))$/.exec(inside) ?? [];
  const name = names.shift();
  if (capture === undefined || typeof name !== 'string') return undefined;
  const prefix = slash + (dot === undefined ? '' : '.');
  return `${prefix}:${name}${anySegment.test(capture) ? '' : capture}`;
}

/** Where the group that opens at `from` closes. */
function closing(source: string, from: number): number {
  let depth = 0;
  let isClass = false;
  for (let at = from; at < source.length; at += 1) {
    const char = source[at];
    if (char === '\\') at += 1;
    else if (char === '[') isClass = true;
    else if (char === ']') isClass = false;
    else if (char === '(' && !isClass) depth += 1;
    else if (char === ')' && !isClass) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return source.length;
}
