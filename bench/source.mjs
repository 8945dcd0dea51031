// What is not published by itself, built as the package is.
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import config from '../rolldown.config.mjs';

/** Loads modules of src, and gives all that they export. */
export async function loadSource(modules) {
  const dir = fileURLToPath(
    new URL(`../node_modules/.cache/golden-signals-bench-${process.pid}`, import.meta.url),
  );
  const input = modules.map((module) => fileURLToPath(new URL(`../src/${module}`, import.meta.url)));
  try {
    const { output } = await build({ ...config, input, output: { ...config.output, dir } });
    const require = createRequire(`${dir}/`);
    const entries = output.filter(({ isEntry }) => isEntry);
    return Object.assign({}, ...entries.map(({ fileName }) => require(`./${fileName}`)));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
