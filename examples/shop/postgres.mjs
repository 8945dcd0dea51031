import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { copyPostgres } from './postgres-files.mjs';

const limitMs = 60_000;
const user = 'shop';
// PostgreSQL refuses to run as root; this is nobody on every Linux.
const nobody = 65_534;

/**
 * Starts the PostgreSQL that npm has installed, in a temporary folder, on a free port of 127.0.0.1.
 * Works without the package's install script, from a folder that only its owner may read, and as root.
 * Where `signal` is aborted while it starts, it ends what it has started, and throws when that is done.
 */
export async function startPostgres({ signal } = {}) {
  try {
    return await start(signal);
  } catch (error) {
    const cure =
      'set TMPDIR to a folder in which every user may run programs, or for the demo DATABASE_URL to a PostgreSQL of your own';
    const reason = error.message.replace(/\s+/g, ' ');
    throw new Error(`PostgreSQL cannot start: ${reason}; ${cure}`, { cause: error });
  }
}

async function start(signal) {
  const identity = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  const { folder, bin } = copyPostgres(identity);
  let server;
  let initdb;
  const kill = () => {
    server?.kill('SIGKILL');
    if (initdb !== undefined) killGroup(initdb);
  };
  const end = () => {
    kill();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once('exit', end);
  signal?.addEventListener('abort', kill);
  try {
    const data = join(folder, 'data');
    mkdirSync(data, { mode: 0o700 });
    if (identity.uid !== undefined) chownSync(data, nobody, nobody);
    const options = {
      ...identity,
      cwd: data,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    };
    const login = [`--username=${user}`, '--auth=trust'];
    const settingsOfCluster = ['--encoding=UTF8', '--no-sync', '--locale=C'];
    const args = [`--pgdata=${data}`, ...login, ...settingsOfCluster];
    initdb = spawn(join(bin, 'initdb'), args, { ...options, detached: true });
    await finished(initdb);
    initdb = undefined;
    let port;
    for (let attempt = 1; ; attempt++) {
      port = await freePort();
      const settings = ['fsync=off', 'unix_socket_directories='].flatMap((setting) => ['-c', setting]);
      signal?.throwIfAborted();
      const args = ['-D', data, '-p', String(port), '-h', '127.0.0.1', ...settings];
      server = spawn(join(bin, 'postgres'), args, options);
      try {
        await ready(server);
        break;
      } catch (error) {
        // Somebody else was faster to take the port.
        if (signal?.aborted || attempt === 3 || !error.message.includes('could not bind')) throw error;
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
  } finally {
    signal?.removeEventListener('abort', kill);
  }
}

/** Ends a detached process and what it has started: initdb has a server of its own, which would go on writing. */
function killGroup({ pid }) {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

async function finished(child) {
  const said = collect(child);
  // Not at its exit: what it has started may still run then.
  const [code] = await once(child, 'close');
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
  const ended = once(server, 'close').then(([code]) => {
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
