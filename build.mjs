// Makes dist/: the types by tsc, the modules by rolldown. It prints nothing unless it fails, and to standard error, as standard output
// may be that of `npm pack --json`.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { build } from 'rolldown';
import config from './rolldown.config.mjs';
import openTelemetry from './rolldown.opentelemetry.mjs';

process.chdir(import.meta.dirname);
rmSync('dist', { recursive: true, force: true });

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
  stdio: ['ignore', 2, 2],
});
if (status !== 0) process.exit(status ?? 1);

await build(config);
await build(openTelemetry);
