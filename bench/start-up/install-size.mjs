// What `npm install golden-signals` puts on the disk: packages, bytes of files, blocks.
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installPacked } from './packed.mjs';

const { values: given } = parseArgs({
  options: {
    tarball: { type: 'string' },
    'max-packages': { type: 'string', default: '2' },
    'max-mib': { type: 'string', default: '4' },
  },
});

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

const mib = (value) => `${(value / 2 ** 20).toFixed(1)} MiB`;
const packed = installPacked(given.tarball);
try {
  const { packageCount: count, modules } = packed;
  const { bytes, diskBytes } = sizeOf(modules);
  const own = sizeOf(join(modules, 'golden-signals'));
  console.log(`${count} packages, ${mib(bytes)} of files, ${mib(diskBytes)} on disk`);
  console.log(`golden-signals by itself: ${mib(own.bytes)} of files, ${mib(own.diskBytes)} on disk`);
  if (count > Number(given['max-packages']) || diskBytes > Number(given['max-mib']) * 2 ** 20) {
    console.error(`More than ${given['max-packages']} packages or ${given['max-mib']} MiB on disk.`);
    process.exitCode = 1;
  }
} finally {
  packed.remove();
}
