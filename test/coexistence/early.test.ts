import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { build } from '../contract/support/built.js';

beforeAll(build, 120_000);

interface Told {
  readonly spans: readonly { readonly name: string; readonly id: string; readonly parent?: string }[];
  readonly attached: readonly unknown[];
}

test('a tracer and a logger that an ES module took before instrument() work, as does attach()', async () => {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(OTEL_|NODE_OPTIONS|VITEST)/.test(name),
  );
  const child = fork(join(__dirname, 'fixtures', 'early.mjs'), {
    env: {
      ...Object.fromEntries(inherited),
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'console',
    },
    execArgv: [],
    silent: true,
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let printed = '';
  child.stdout?.on('data', (chunk) => {
    printed += chunk;
  });
  const ended = once(child, 'close');
  const [{ spans, attached }] = (await once(child, 'message')) as [Told];
  await ended;

  const outer = spans.find(({ name }) => name === 'outer');
  expect(spans.map(({ name, parent }) => [name, parent])).toEqual([
    ['inner', outer?.id],
    ['outer', undefined],
  ]);
  expect(attached).toEqual(['attached', 'still inside outer', 'detached']);
  expect(printed).toContain("body: 'said'");
  expect(printed).toContain(`spanId: '${outer?.id}'`);
});
