// Installs what the suite runs, each peer in a folder of its own, so that its size is its own.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const folders = [here('./apps'), ...readdirSync(here('./peers')).map((name) => here(`./peers/${name}`))];

for (const folder of folders) {
  if (existsSync(`${folder}/node_modules`)) continue;
  console.error(`npm ci in ${folder.slice(here('./').length)}`);
  // A peer that does not support this Node is installed, and left out of the run.
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
  });
}
