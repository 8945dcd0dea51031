// The programs of other versions of Node: node .ci/node-binary.mjs <major...> installs them.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The program of a major version of Node, from the npm package node-<platform>-<arch>, kept under .node-versions/. */
export function nodeBinary(major) {
  const folder = join(root, '.node-versions', major);
  const name = `node-${process.platform}-${process.arch}`;
  const node = join(folder, 'node_modules', name, 'bin', 'node');
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    const args = [
      'install',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      '--loglevel=error',
      '--prefix',
      folder,
      `${name}@${major}`,
    ];
    spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  }
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  if (stdout?.startsWith(`v${major}.`)) return node;
  throw new Error(`no Node ${major}: ${name}@${major} gave ${stdout?.trim() || 'no program'}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const major of process.argv.slice(2)) console.log(`Node ${major}: ${nodeBinary(major)}`);
}
