import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';

/** Says whether a text can be read as a whole file of its language. */
export type Parser = (text: string) => boolean;

/**
 * Finds a parser that accepts the file as it stands: Node's, or for TypeScript the compiler that the service has installed. Returns undefined if
 * no parser accepts it.
 */
export function parserOf(path: string, text: string, folder: string): Parser | undefined {
  const isTypeScript = /ts$/.test(extname(path));
  const parsers = isTypeScript
    ? [compilerOf(folder), typeStripper()]
    : [nodeParser('.mjs'), nodeParser('.cjs')];
  return parsers.find((parser) => parser?.(text) === true);
}

function nodeParser(extension: string): Parser {
  return (text) => {
    const folder = mkdtempSync(join(tmpdir(), 'golden-signals-init-'));
    const file = join(folder, `service${extension}`);
    try {
      writeFileSync(file, text);
      return spawnSync(process.execPath, ['--check', file], { stdio: 'ignore', env: {} }).status === 0;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

interface Compiler {
  transpileModule(text: string, options: object): { readonly diagnostics?: readonly unknown[] };
}

function compilerOf(folder: string): Parser | undefined {
  const compiler = load(folder);
  if (compiler === undefined) return undefined;
  return (text) => {
    const { diagnostics } = compiler.transpileModule(text, {
      compilerOptions: { target: 99, module: 99, experimentalDecorators: true },
      fileName: 'service.ts',
      reportDiagnostics: true,
    });
    return diagnostics?.length === 0;
  };
}

function load(folder: string): Compiler | undefined {
  try {
    const compiler: unknown = nodeModule.createRequire(join(folder, 'package.json'))('typescript');
    const { transpileModule } = compiler as Partial<Compiler>;
    return typeof transpileModule === 'function' ? (compiler as Compiler) : undefined;
  } catch {
    return undefined;
  }
}

/** Node's own, from 22.13 on. It knows no decorators. */
function typeStripper(): Parser | undefined {
  const { stripTypeScriptTypes } = nodeModule as { stripTypeScriptTypes?: (text: string) => string };
  if (stripTypeScriptTypes === undefined) return undefined;
  return (text) => {
    try {
      stripTypeScriptTypes(text);
      return true;
    } catch {
      return false;
    }
  };
}
