import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { DIST } from './support/child.js';

interface Restarted {
  readonly sent: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly exits: readonly {
    readonly code: number | null;
    readonly answered: number;
    readonly missingSpans: number;
    readonly errors: string;
  }[];
}

interface Rolling {
  rollingRestart(options: Readonly<Record<string, unknown>>): Promise<Restarted>;
}

let rolling: Rolling;
beforeAll(async () => {
  const file = join(__dirname, '../../bench/rolling-restart/rolling.mjs');
  rolling = (await import(pathToFileURL(file).href)) as Rolling;
});

test.each(['express', 'fastify'])(
  'a rolling restart of two %s instances under load loses no request and no span',
  async (framework) => {
    const { sent, failures, exits } = await rolling.rollingRestart({
      framework,
      variant: 'ours',
      env: {
        PATH: process.env.PATH,
        BENCH_OURS: DIST,
        BENCH_SHUTDOWN: '{"delayMs":2000}',
        OTEL_METRICS_EXPORTER: 'none',
      },
      removeAfterMs: 500,
      settleMs: 400,
    });

    expect(failures).toEqual({});
    expect(exits.map(({ code, missingSpans }) => ({ code, missingSpans }))).toEqual(
      Array(2).fill({ code: 0, missingSpans: 0 }),
    );
    // So that there was something to lose.
    expect(sent).toBeGreaterThan(200);
    for (const { answered } of exits) expect(answered).toBeGreaterThan(20);
  },
);
