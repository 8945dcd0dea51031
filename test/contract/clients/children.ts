import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** What the fixtures load as the package: the build, which `npm test` makes anew. */
const DIST = process.env.GS_DIST ?? join(__dirname, '../../../dist/index.js');

export interface DescribedError {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly upstream?: string;
  readonly cause?: DescribedError;
}

export interface DescribedSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly status: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly {
    readonly name: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  }[];
  readonly links: readonly string[];
  readonly durationNs: number;
}

export interface Order {
  readonly client: string;
  readonly url: string;
  readonly upstream: string;
  readonly method?: string;
  readonly abort?:
    | { readonly onceSeen: true; readonly reason?: string }
    | { readonly afterHead: true; readonly reason?: string }
    | { readonly timeoutMs: number };
  /** Holds the circuit open for the call. */
  readonly circuit?: 'open';
  /** Called before, so that there is a connection to use again. */
  readonly warmUp?: string;
}

export interface Outcome {
  readonly result: {
    readonly status?: number;
    readonly body?: string;
    readonly error?: DescribedError;
  };
  /** Every span was ended and every permit given back. */
  readonly isSettled: boolean;
  /** The process stood still in the last second, as it does on a busy machine. */
  readonly hasStoodStill: boolean;
  readonly caller: DescribedSpan;
  readonly spans: readonly DescribedSpan[];
  readonly points: readonly {
    readonly attributes: Readonly<Record<string, unknown>>;
    readonly count: number;
  }[];
  readonly evidence: {
    readonly calls: number;
    readonly failures: number;
    readonly state: string | undefined;
    readonly rejected: number;
  };
}

/** A process that has some clients, and makes the calls it is told to. */
export interface Child {
  call(order: Order): Promise<Outcome>;
  /** Aborts the call that waits for it. */
  abort(): void;
  /** Unhandled rejections, uncaught exceptions, warnings and internal errors so far. */
  complaints(): Promise<string[]>;
  stop(): Promise<void>;
}

export type ModuleSystem = 'cjs' | 'mjs';
export type ImportOrder = 'before' | 'after' | 'destructured';

export async function startChild(
  system: ModuleSystem,
  order: ImportOrder,
  clients: readonly string[],
): Promise<Child> {
  const child = fork(join(__dirname, `child.${system}`), [order, ...clients], {
    env: {
      PATH: process.env.PATH,
      GS_DIST: DIST,
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
    },
    execArgv: [],
  });
  return conversationWith(child);
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly failed?: string;
}

async function conversationWith(child: ChildProcess): Promise<Child> {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let ids = 0;
  const ready = new Promise<void>((resolve, reject) => {
    waiting.set(0, { resolve: () => resolve(), reject });
  });
  child.on('message', (message) => {
    const { id, value, failed } = message as Answer;
    const asked = waiting.get(id);
    waiting.delete(id);
    if (failed === undefined) asked?.resolve(value);
    else asked?.reject(new Error(failed));
  });
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`the child ended: ${code ?? signal}`));
  });
  await ready;

  const ask = (order: unknown) =>
    new Promise<unknown>((resolve, reject) => {
      ids += 1;
      waiting.set(ids, { resolve, reject });
      child.send({ id: ids, order });
    });

  return {
    call: (order) => ask(order) as Promise<Outcome>,
    abort: () => void ask('abort'),
    complaints: () => ask('complaints') as Promise<string[]>,
    async stop() {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}
