// The package as users get it: packed, and installed in an empty folder with its peer and its dependencies.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Installs a tarball, by default what this repository packs. `remove` deletes the folder again. */
export function installPacked(tarball) {
  const folder = mkdtempSync(join(tmpdir(), 'packed-'));
  const npm = (args, cwd) =>
    execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const file = tarball === undefined ? pack(npm, folder) : resolve(tarball);
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  npm(['install', file], folder);
  const modules = join(folder, 'node_modules');
  const { packages } = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8'));
  return {
    modules,
    entry: join(modules, 'golden-signals', 'dist', 'index.js'),
    packageCount: Object.keys(packages).length,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function pack(npm, folder) {
  if (!existsSync(join(root, 'dist/index.js'))) throw new Error('run npm run build first');
  // Not built anew: what is measured is dist/.
  const [{ filename }] = JSON.parse(
    npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root),
  );
  return join(folder, filename);
}
