import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const built = fileURLToPath(new URL('../dist/index.js', import.meta.url));

/**
 * The file that `golden-signals` is loaded from: by default what `npm run build` made, else a path, else a package that is
 * installed in bench/http-server. Undefined when the default is not built yet.
 */
export function findOurs(given) {
  if (given === undefined) return existsSync(built) ? built : undefined;
  if (/^[./]/.test(given)) return resolve(given);
  return createRequire(new URL('./http-server/', import.meta.url)).resolve(given);
}
