// What `npm install golden-signals` puts on the disk: packs the repository, installs the tarball in an empty folder, counts.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: given } = parseArgs({
  options: {
    'max-packages': { type: 'string', default: '20' },
    'max-mib': { type: 'string', default: '32' },
  },
});

const root = fileURLToPath(new URL('../..', import.meta.url));
if (!existsSync(join(root, 'dist/index.js'))) throw new Error('run npm run build first');
const folder = mkdtempSync(join(tmpdir(), 'install-size-'));
const npm = (args, cwd) =>
  execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

/** Bytes of all files below `path`, and the bytes of the disk blocks that they take. */
function sizeOf(path) {
  const stat = lstatSync(path);
  const size = { bytes: stat.isDirectory() ? 0 : stat.size, diskBytes: stat.blocks * 512 };
  if (!stat.isDirectory()) return size;
  for (const name of readdirSync(path)) {
    const below = sizeOf(join(path, name));
    size.bytes += below.bytes;
    size.diskBytes += below.diskBytes;
  }
  return size;
}

try {
  const [{ filename }] = JSON.parse(npm(['pack', '--json', '--pack-destination', folder], root));
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  npm(['install', join(folder, filename)], folder);

  const { packages } = JSON.parse(readFileSync(join(folder, 'node_modules/.package-lock.json'), 'utf8'));
  const count = Object.keys(packages).length;
  const { bytes, diskBytes } = sizeOf(join(folder, 'node_modules'));
  const mib = (value) => value / 2 ** 20;
  console.log(
    `${count} packages, ${mib(bytes).toFixed(1)} MiB of files, ${mib(diskBytes).toFixed(1)} MiB on disk`,
  );
  if (count > Number(given['max-packages']) || mib(diskBytes) > Number(given['max-mib'])) {
    console.error(`More than ${given['max-packages']} packages or ${given['max-mib']} MiB on disk.`);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
