import { expect, test } from 'vitest';
import { createLog } from '../../src/core/log.js';
import { createHealthLog } from '../../src/health/health-log.js';
import type { HealthOptions } from '../../src/health/options.js';
import { createTestHealth } from './support/harness.js';

async function createLogged(options: HealthOptions) {
  const lines: string[] = [];
  const test = createTestHealth(options, createHealthLog(createLog('info', (line) => void lines.push(line))));
  test.health.start();
  test.health.listening();
  await test.clock.advance(0);
  return { ...test, lines };
}

test('a check that begins well says nothing, and nothing else does at the start', async () => {
  const { lines } = await createLogged({ checks: { db: () => true }, startup: { warm: () => {} } });
  expect(lines).toEqual([]);
});

test('each change of a check is one line, and a failure that lasts is none', async () => {
  const answers: unknown[] = [true, false, false, { status: 'warn', output: 'slow' }, true];
  const { lines, clock } = await createLogged({
    checks: { db: { run: () => answers.shift(), critical: true } },
  });

  await clock.advance(40_000);

  expect(lines).toEqual([
    'golden-signals warn: health check changed: check="db" from=pass to=fail critical=true output="returned false"',
    'golden-signals warn: health check changed: check="db" from=fail to=warn critical=true output="slow"',
    'golden-signals info: health check changed: check="db" from=warn to=pass critical=true',
  ]);
});

test('a failure brings all of the error, on one line and without credentials', async () => {
  const { lines } = await createLogged({
    checks: {
      db: () => {
        throw new Error('no\nforged=true', { cause: new Error('postgres://app:hunter2@db') });
      },
    },
  });

  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(String.raw`critical=false error="Error: no\nforged=true\n    at `);
  expect(lines[0]).toContain('cause: Error: postgres://***@db');
  expect(lines[0]).not.toMatch(/\n|hunter2/);
});

test('a start-up task that fails is a line', async () => {
  const { lines } = await createLogged({ startup: { warm: () => Promise.reject('no cache') } });
  expect(lines).toEqual(['golden-signals warn: startup task failed: task="warm" error="no cache"']);
});

test('the application’s wish for no traffic is a line, and its end is one', async () => {
  const { lines, health } = await createLogged({});
  health.markNotReady('reindexing, token=hunter2');
  health.markReady();
  health.markNotReady();
  health.close();
  expect(lines).toEqual([
    'golden-signals warn: health state changed: from=ready to=unready reason="reindexing, token=***"',
    'golden-signals info: health state changed: from=unready to=ready',
    'golden-signals warn: health state changed: from=ready to=unready',
  ]);
});
