import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const ROOT = join(__dirname, '../..');

const LONGEST_MS = 240_000;

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

export const MANIFEST: Manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** The entry points a user can name, as written in `exports`: '.', './express' and so on. */
export const ENTRIES = Object.keys(MANIFEST.exports).filter((entry) => entry !== './package.json');

/** What a user writes to get an entry point. */
export const specifier = (entry: string): string => entry.replace(/^\./, MANIFEST.name);

/** Those of our own development dependencies, at our versions. */
export function pick(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, MANIFEST.devDependencies[name] ?? 'missing']));
}

export interface Finished {
  /** The exit code, or the signal that ended it. */
  readonly exit: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder outside the repository where the packed tarball is installed, as a user would have it. */
export interface Scratch {
  readonly dir: string;
  /** What the tarball holds, paths relative to the package. */
  readonly files: readonly string[];
  /** Runs this Node to the end, at most four minutes; never throws because of an exit code. */
  node(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Finished>;
  npm(...args: string[]): Promise<Finished>;
  /** Starts an app of fixtures/apps or a compiled one; resolves once it printed its port. */
  start(
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    program?: string,
  ): Promise<RunningApp>;
  write(path: string, content: string): Promise<void>;
  remove(): Promise<void>;
}

export interface RunningApp {
  readonly port: number;
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
}

/** Packs what is in dist/ and installs it together with `devDependencies`, which cases need beside it. */
export async function installTarball(devDependencies: Readonly<Record<string, string>>): Promise<Scratch> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'golden-signals-')));
  const npm = (cwd: string, args: readonly string[]) => run('npm', args, cwd, {}, 5 * LONGEST_MS);
  const write = async (path: string, content: string): Promise<void> => {
    await mkdir(join(dir, path, '..'), { recursive: true });
    await writeFile(join(dir, path), content);
  };

  // Without scripts: `npm test` has just built dist/, and other test files are reading it.
  const packed = succeeded(
    await npm(ROOT, ['pack', '--json', '--silent', '--ignore-scripts', '--pack-destination', dir]),
  );
  const [pack] = JSON.parse(packed.stdout) as { filename: string; files: { path: string }[] }[];
  if (pack === undefined) throw new Error(`npm pack gave no tarball: ${packed.stdout}`);

  const project = {
    name: 'orders',
    version: '1.0.0',
    private: true,
    dependencies: { [MANIFEST.name]: `file:${pack.filename}` },
    devDependencies,
  };
  await write('package.json', JSON.stringify(project));
  succeeded(await npm(dir, ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']));
  await cp(join(__dirname, 'fixtures'), dir, { recursive: true });

  return {
    dir,
    files: pack.files.map(({ path }) => path),
    node: (args, env = {}) => run(process.execPath, args, dir, env, LONGEST_MS),
    npm: (...args) => npm(dir, args),
    start: (args, env, program = process.execPath) => start(program, args, dir, env),
    write,
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

function succeeded(result: Finished): Finished {
  if (result.exit !== 0) throw new Error(`exit ${result.exit}: ${result.stderr}${result.stdout}`);
  return result;
}

/** A user's environment: nothing of this test run, nothing of the npm that started it, nothing of OpenTelemetry. */
function environment(added: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const foreign =
    /^(npm_(config_local_prefix|config_prefix|command|execpath|lifecycle|package)|VITE|NODE_ENV$|NODE_OPTIONS$|OTEL_|KUBERNETES_|TEST$|DEV$|PROD$|MODE$|BASE_URL$)/i;
  const own = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return { ...Object.fromEntries(own), ...added };
}

function run(
  file: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<Finished> {
  return new Promise((resolve) => {
    const options = {
      cwd,
      env: environment(env),
      timeout: timeoutMs,
      killSignal: 'SIGKILL' as const,
      maxBuffer: 2 ** 26,
    };
    execFile(file, args, options, (error, stdout, stderr) => {
      resolve({ exit: error === null ? 0 : (error.code ?? error.signal ?? error.message), stdout, stderr });
    });
  });
}

async function start(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<RunningApp> {
  const child = spawn(program, args, {
    cwd,
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let stdout = '';
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const finished = once(child, 'close').then(
    ([code, signal]): Finished => ({ exit: code ?? signal, stdout, stderr }),
  );
  if (child.stdout === null) throw new Error('no stdout');
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    stdout += `${line}\n`;
  });
  const port = await Promise.race([
    new Promise<number>((resolve) => lines.on('line', (line) => /^\d+$/.test(line) && resolve(Number(line)))),
    finished.then((ended) => {
      throw new Error(`the app ended before it listened: exit ${ended.exit}\n${ended.stderr}`);
    }),
  ]);
  return { port, process: child, finished };
}
