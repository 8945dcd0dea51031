import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(__dirname, '..', '..', '..');
export const DIST = join(ROOT, 'dist');

/** The package as it is shipped; `npm test` has built it. */
export function build(): void {
  if (existsSync(join(DIST, 'register.js'))) return;
  execFileSync(process.execPath, [join(ROOT, 'build.mjs')], { stdio: 'inherit' });
}
