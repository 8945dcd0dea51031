import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const limitMs = 60_000;
const nobody = 65_534;

/** A server of Debian's that one test file has for itself. */
export interface Program {
  readonly port: number;
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts redis-server without anything on disk; as the only node of a cluster it keeps a file of its own. */
export async function startRedis(kind: 'single' | 'cluster' = 'single'): Promise<Program> {
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const isReady = 'Ready to accept connections';
  if (kind === 'single') return start('redis-server', args, { port, isReady });
  const folder = await mkdtemp(join(tmpdir(), 'golden-signals-redis-'));
  const cluster = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', '--dir', folder];
  return start('redis-server', [...args, ...cluster], { port, isReady, folder });
}

/** Starts MariaDB with a database `shop`, into which root comes without a password. */
export async function startMariadb(): Promise<Program> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'golden-signals-mariadb-'));
  const isRoot = process.getuid?.() === 0;
  await chmod(folder, 0o755);
  if (isRoot) await chown(folder, nobody, nobody);
  // Whichever starts last would remove the temporary tables of another one.
  const own = [`--datadir=${folder}/data`, `--tmpdir=${folder}`, ...(isRoot ? ['--user=nobody'] : [])];
  const installed = spawnSync(
    'mariadb-install-db',
    ['--no-defaults', ...own, '--auth-root-authentication-method=normal', '--skip-test-db'],
    { env: { ...environment(), TMPDIR: folder }, encoding: 'utf8' },
  );
  if (installed.status !== 0) throw new Error(`mariadb-install-db: ${installed.stderr}${installed.stdout}`);
  return start(
    'mariadbd',
    [
      '--no-defaults',
      ...own,
      `--socket=${folder}/socket`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      '--skip-name-resolve',
    ],
    { port, isReady: 'ready for connections', folder },
  );
}

// A server's program may stand where only root's path leads.
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
}

async function start(
  program: string,
  args: readonly string[],
  { port, isReady, folder }: { readonly port: number; readonly isReady: string; readonly folder?: string },
): Promise<Program> {
  const child = spawn(program, args, { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  await saying(child, isReady);
  const exited = once(child, 'exit');
  return {
    port,
    async stop() {
      process.off('exit', kill);
      child.kill('SIGKILL');
      await exited;
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until a program has said something; what it goes on to say is read away. */
function saying(child: ChildProcess, words: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => reject(new Error(`not ready: ${said}`)), limitMs);
    const end = (then: () => void) => {
      clearTimeout(timer);
      then();
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        said = (said + chunk).slice(-10_000);
        if (said.includes(words)) end(resolve);
      });
    }
    child.once('error', (error) => end(() => reject(error)));
    child.once('exit', (code) => end(() => reject(new Error(`ended with exit code ${code}: ${said}`))));
  });
}
