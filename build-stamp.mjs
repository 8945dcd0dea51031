// Says whether dist/ is what the build makes of the sources as they are: five commands of CI need it, and one build serves them all.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';

const stamp = join('dist', '.stamp');

/** True where neither a source, a tool's version, nor a file of dist/ has changed since the last build that ended well. */
export function isBuilt() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === state();
}

/** To be called when all of dist/ has been written. */
export function keepStamp() {
  writeFileSync(stamp, state());
}

function state() {
  const own = readdirSync('.').filter((name) =>
    /\.mjs$|^tsconfig.*\.json$|^package(-lock)?\.json$/.test(name),
  );
  const files = [...own, ...filesIn('src'), ...filesIn('dist').filter((path) => path !== stamp)].sort();
  const hash = createHash('sha256');
  for (const path of files)
    hash
      .update(`${path.replaceAll(sep, '/')}\0`)
      .update(readFileSync(path))
      .update('\0');
  return `${hash.digest('hex')}\n`;
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
