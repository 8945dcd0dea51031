// Makes dist/: the types by tsc and rollup, the modules by rolldown. Where dist/ is what it would make, it leaves it, unless it is called
// with --anew. It prints nothing unless it fails, and to standard error, as standard output may be that of `npm pack --json`.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { build } from 'rolldown';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { isBuilt, keepStamp } from './build-stamp.mjs';
import config from './rolldown.config.mjs';
import openTelemetry from './rolldown.opentelemetry.mjs';
import { buildPage } from './rolldown.page.mjs';

process.chdir(import.meta.dirname);
if (!process.argv.includes('--anew') && isBuilt()) process.exit(0);
rmSync('dist', { recursive: true, force: true });

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
  stdio: ['ignore', 2, 2],
});
if (status !== 0) process.exit(status ?? 1);

// One file for each entry: what is not part of it cannot be imported, nor break a compiler of somebody else's.
const entries = Object.keys(config.input).filter((name) => !name.includes('/'));
await Promise.all(entries.map(rollUpTypes));
rmSync('dist/types', { recursive: true });

await build(config);
await build(openTelemetry);
await buildPage();
keepStamp();

async function rollUpTypes(name) {
  const bundle = await rollup({
    input: `dist/types/${name}.d.ts`,
    plugins: [dts()],
    external: /^[^./]/,
    onwarn({ code, message }) {
      // An entry that is loaded for what it does has no types.
      if (code !== 'EMPTY_BUNDLE') console.error(message);
    },
  });
  await bundle.write({ file: `dist/${name}.d.ts`, format: 'es' });
}
