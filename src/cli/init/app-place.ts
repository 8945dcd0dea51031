import { type AppMaker, appMakers } from './app-maker.js';
import { type Binding, bindingsOf } from './binding.js';
import { maskedCode } from './masked-code.js';
import { openBrackets, statementEnd } from './statement.js';

/** A statement of its own that makes an application and keeps it under a name. */
export interface AppPlace {
  readonly maker: AppMaker;
  readonly binding: Binding;
  /** The name of the application. */
  readonly app: string;
  readonly indent: string;
  readonly start: number;
  readonly end: number;
  /** `serve()` of Hono gets this one. */
  readonly isServed: boolean;
}

/** The applications that a file makes, of the framework that is found first. */
export function appPlacesIn(text: string): readonly AppPlace[] {
  const code = maskedCode(text);
  const bindings = bindingsOf(text, code);
  for (const maker of appMakers) {
    const places = bindings
      .filter((binding) => maker.packages.includes(binding.package))
      .flatMap((binding) => [...made(maker, binding, code), ...madeAtOnce(maker, binding, code)]);
    const unique = [...new Map(places.map((place) => [place.start, place])).values()];
    if (unique.length > 0) return unique.sort((a, b) => a.start - b.start);
  }
  return [];
}

/** `const app = express();`, also of a type, exported, or `module.exports = express()`. */
function made(maker: AppMaker, binding: Binding, code: string): AppPlace[] {
  const callee = maker.callee(binding);
  if (callee === undefined) return [];
  const pattern = new RegExp(
    '^([ \\t]*)(?:export\\s+)?(?:const|let|var)\\s+([\\w$]+)\\s*(?::\\s*[^=;\\n]+?)?\\s*=\\s*(?:module\\.exports\\s*=\\s*)?' +
      `(${callee})\\s*(?:<[^;()]*>)?\\s*\\(`,
    'gm',
  );
  return [...code.matchAll(pattern)].flatMap((match) => {
    const [whole, indent = '', app = ''] = match;
    const start = match.index + indent.length;
    return placeOf(maker, binding, code, { app, indent, start, open: match.index + whole.length - 1 });
  });
}

/** `const fastify = require('fastify')({ logger: true });` */
function madeAtOnce(maker: AppMaker, binding: Binding, code: string): AppPlace[] {
  if (binding.isImport || !['express', 'fastify'].includes(maker.framework)) return [];
  const statement = code.slice(binding.start, binding.end);
  const call = /require\([^)]*\)\s*\(/.exec(statement);
  if (call === null) return [];
  const open = binding.start + call.index + call[0].length - 1;
  return placeOf(maker, binding, code, { app: binding.local, indent: '', start: binding.start, open });
}

interface Found {
  readonly app: string;
  readonly indent: string;
  readonly start: number;
  /** The parenthesis of the call. */
  readonly open: number;
}

function placeOf(maker: AppMaker, binding: Binding, code: string, found: Found): AppPlace[] {
  const end = statementEnd(code, found.start);
  const brackets = openBrackets(code, found.start);
  if (end === undefined || (brackets !== '' && !brackets.endsWith('{'))) return [];
  if (!endsWithTheCall(code.slice(found.open, end)) || !isRestOfLineBlank(code, end)) return [];
  const { app, indent, start } = found;
  const isServed = new RegExp(
    `\\bserve\\s*\\(\\s*(?:\\{[^}]*\\bfetch:\\s*)?${app.replaceAll('$', '\\$')}\\b`,
  ).test(code);
  return [{ maker, binding, app, indent, start, end, isServed }];
}

/** Nothing follows the call that could make another thing of it, as `basePath()` of Hono does. */
function endsWithTheCall(code: string): boolean {
  let depth = 0;
  for (let at = 0; at < code.length; at += 1) {
    if ('([{'.includes(code[at] as string)) depth += 1;
    else if (')]}'.includes(code[at] as string) && --depth === 0)
      return /^\s*(?:\.withTypeProvider\s*<[^;()]*>\s*\(\s*\))?\s*;?\s*$/.test(code.slice(at + 1));
  }
  return false;
}

function isRestOfLineBlank(code: string, from: number): boolean {
  return /^[ \t\r]*(?:\n|$)/.test(code.slice(from));
}
