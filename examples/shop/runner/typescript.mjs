// Node 20 does not run TypeScript: a service that is written in it is compiled once for each version of its text, to a folder beside.
// By itself: node examples/shop/runner/typescript.mjs order
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const services = fileURLToPath(new URL('../services', import.meta.url));
const cache = fileURLToPath(new URL('../.cache', import.meta.url));

/** The file of JavaScript for a service of TypeScript. */
export async function compiled(name) {
  const text = readFileSync(join(services, `${name}.mts`), 'utf8');
  const version = createHash('sha256').update(text).digest('hex').slice(0, 12);
  const file = join(cache, `${name}-${version}.mjs`);
  if (existsSync(file)) return file;
  const { default: typescript } = await import('typescript');
  const { outputText } = typescript.transpileModule(text, {
    compilerOptions: { target: 'es2022', module: 'esnext' },
  });
  mkdirSync(cache, { recursive: true });
  for (const old of readdirSync(cache)) {
    if (old.startsWith(`${name}-`)) rmSync(join(cache, old), { force: true });
  }
  // Another demo may compile the same at the same time.
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, outputText);
  renameSync(draft, file);
  return file;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await import(pathToFileURL(await compiled(process.argv[2] ?? 'order')).href);
}
