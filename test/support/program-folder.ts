import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

const ROOT = join(__dirname, '../..');

export interface ProgramFolder {
  readonly path: string;
  write(file: string, text: string): Promise<void>;
  /** Starts a program with Node; its standard output and error are pipes, and it has a channel to send messages by. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): ChildProcess;
  /** Runs lines of a shell, with the commands of the installed packages at hand, and waits for their end. */
  shell(script: string, env?: Readonly<Record<string, string>>): Promise<Ended>;
  remove(): Promise<void>;
}

export interface Ended {
  /** Exit code, or the signal that ended it. */
  readonly exit: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder as a user has one: with a `package.json`, the built golden-signals and these packages installed. */
export async function createProgramFolder(
  name: string,
  packages: readonly string[],
  manifest: object,
): Promise<ProgramFolder> {
  const path = await realpath(await mkdtemp(join(tmpdir(), `golden-signals-${name}-`)));
  const running = new Set<ChildProcess>();
  const modules = join(path, 'node_modules');
  await mkdir(join(modules, '.bin'), { recursive: true });
  await symlink(ROOT, join(modules, 'golden-signals'), 'junction');
  for (const each of packages) {
    await mkdir(dirname(join(modules, each)), { recursive: true });
    await symlink(join(ROOT, 'node_modules', each), join(modules, each), 'junction');
  }
  const command = join(modules, '.bin/golden-signals');
  const main = join(ROOT, 'dist/cli/main.js');
  await writeFile(command, `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`);
  await chmod(command, 0o755);
  await writeFile(join(path, 'package.json'), JSON.stringify(manifest));

  const environment = (env: Readonly<Record<string, string>>) => ({
    ...process.env,
    NODE_OPTIONS: '',
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
    ...env,
  });
  const track = (child: ChildProcess) => {
    running.add(child);
    child.once('exit', () => running.delete(child));
    return child;
  };

  return {
    path,
    async write(file, text) {
      await mkdir(dirname(join(path, file)), { recursive: true });
      await writeFile(join(path, file), text);
    },
    start: (args, env = {}) =>
      track(
        spawn(process.execPath, args, {
          cwd: path,
          env: environment(env),
          stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        }),
      ),
    shell: (script, env = {}) =>
      ended(
        track(
          spawn('sh', ['-e', '-c', script], {
            cwd: path,
            env: environment(env),
            stdio: ['ignore', 'pipe', 'pipe'],
          }),
        ),
      ),
    async remove() {
      for (const child of running) child.kill('SIGKILL');
      await rm(path, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Reads a program's output until its end. */
export async function ended(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals];
  return { exit: code ?? signal, stdout, stderr };
}
