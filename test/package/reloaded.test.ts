import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { build, DIST } from '../contract/support/built.js';

interface Report {
  readonly depths: Readonly<Record<string, number>>;
  readonly subscribers: Readonly<Record<string, number>>;
  readonly spans: readonly string[];
  readonly warnings: readonly string[];
}

async function reload(count: number, how = 'reloaded'): Promise<Report> {
  const child = fork(join(__dirname, 'fixtures/reloaded.cjs'), [DIST, String(count), how], {
    // Each copy exports while the next one has taken over: what it sends is no call of that one's service.
    env: {
      PATH: process.env.PATH,
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOG_LEVEL: 'none',
      OTEL_BSP_SCHEDULE_DELAY: '5',
    },
    execArgv: [],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return ((await once(child, 'message')) as [Report])[0];
}

beforeAll(build, 120_000);

test('a copy that is loaded in the place of another takes over from it: nothing piles up, and its own service sees all', async () => {
  const one = await reload(1);
  const many = await reload(40);
  expect(many.depths).toEqual(one.depths);
  expect(many.subscribers).toEqual(one.subscribers);
  expect(many.warnings).toEqual([]);
  const of = ({ spans }: Report, nth: number) => spans.filter((span) => span.startsWith(`${nth} `)).sort();
  expect(of(one, 0)).toHaveLength(4);
  for (let nth = 0; nth < 40; nth += 1)
    expect(of(many, nth)).toEqual(of(one, 0).map((span) => span.replace(/^0/, String(nth))));
});

test('fifty services in one process make no listener warnings', async () => {
  const { warnings, depths } = await reload(50, 'kept');
  expect(warnings).toEqual([]);
  expect(depths).toEqual((await reload(1)).depths);
});
