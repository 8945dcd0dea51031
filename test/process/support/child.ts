import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** What the children load as the package: the build, which `npm test` makes anew. */
export const DIST = process.env.GS_DIST ?? join(__dirname, '../../../dist/index.js');

export interface Fixture {
  readonly framework?: 'http' | 'express' | 'fastify' | 'none';
  /** Options of instrument(), as far as JSON holds them. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly hooks?: Readonly<Partial<Record<'onDrain' | 'onShutdown', 'hang' | 'throw' | 'say'>>>;
  /** A handler of the application's own for SIGTERM. */
  readonly foreign?: 'never' | 'exits' | 'raises' | 'shutdown()';
  readonly uncaughtListener?: boolean;
  readonly rejectionListener?: boolean;
  /** One that only looks on. */
  readonly monitorListener?: boolean;
  readonly when?: 'before listen' | 'after listen';
  /** Something of the application keeps the process alive. */
  readonly staysAlive?: boolean;
  readonly endStreamsOnDraining?: boolean;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Since the child was first told to end, or since it was started. */
  readonly afterMs: number;
}

export interface Child {
  readonly port: number;
  kill(signal: NodeJS.Signals): void;
  stdout(): string;
  stderr(): string;
  /** Resolves when a line that contains this text has been printed to either. */
  said(text: string): Promise<void>;
  readonly exited: Promise<Exit>;
}

/** Starts the fixture in a process of its own, with nothing of this one's environment but what is given. */
export async function startChild(fixture: Fixture, env: NodeJS.ProcessEnv = {}): Promise<Child> {
  const child = spawn(process.execPath, [join(__dirname, '../fixtures/service.cjs')], {
    env: {
      PATH: process.env.PATH,
      GS_DIST: DIST,
      FIXTURE: JSON.stringify(fixture),
      OTEL_TRACES_EXPORTER: env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined ? 'none' : 'otlp',
      OTEL_METRICS_EXPORTER: 'none',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return follow(child);
}

/** Runs a program text in a process of its own, from the folder of the package; it prints `port ` when it has begun. */
export async function startProgram(text: string, env: NodeJS.ProcessEnv = {}): Promise<Child> {
  const child = spawn(process.execPath, ['-e', text], {
    cwd: join(__dirname, '../../..'),
    env: { PATH: process.env.PATH, GS_DIST: DIST, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return follow(child);
}

async function follow(child: ChildProcess): Promise<Child> {
  let startedAt = performance.now();
  let isTold = false;
  const outputs = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      outputs[name] += text;
      for (const look of waiting) look();
    });
  }
  const exited = once(child, 'close').then(([code, signal]) => ({
    code,
    signal,
    afterMs: performance.now() - startedAt,
  }));
  const said = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!(outputs.stdout + outputs.stderr).includes(text)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
      void exited.then((exit) => {
        if (waiting.delete(look))
          reject(new Error(`ended with ${JSON.stringify(exit)} before ${text}: ${outputs.stderr}`));
      });
    });
  await said('port ');
  return {
    port: Number(/port (\d+)/.exec(outputs.stdout)?.[1]),
    kill(signal) {
      if (!isTold) startedAt = performance.now();
      isTold = true;
      child.kill(signal);
    },
    stdout: () => outputs.stdout,
    stderr: () => outputs.stderr,
    said,
    exited,
  };
}
