import { describe, expect, test } from 'vitest';
import { createRunningHealth, createTestHealth } from './support/harness.js';

const checks = {
  db: { run: () => new Promise((resolve) => setImmediate(resolve)), componentType: 'datastore' as const },
  disk: {
    run: () => ({ status: 'warn', observedValue: 0.91, observedUnit: '1', output: '91 % full' }),
    critical: true,
  },
  'cache:connections': () => Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })),
};

describe('the public body', () => {
  test.each(['health', 'ready', 'live', 'startup'] as const)(
    'of %s names nothing and says nothing',
    async (probe) => {
      const { ask } = await createRunningHealth({ checks });
      const { body } = await ask(probe);
      expect(Object.keys(JSON.parse(body))).toEqual(['status']);
    },
  );
});

describe('the detailed body', () => {
  test('is that of the health check response format', async () => {
    const { ask, clock } = await createRunningHealth({ checks });
    await clock.advance(0);
    const { body, status } = await ask('health', { detail: true });
    expect(status).toBe(200);
    const time = '2026-11-23T01:00:00.000Z';
    expect(JSON.parse(body)).toEqual({
      status: 'warn',
      serviceId: 'orders',
      version: '1',
      releaseId: '1.4.2',
      description: 'orders',
      notes: ['ready since 2026-11-23T01:00:00Z'],
      checks: {
        'db:responseTime': [
          {
            componentType: 'datastore',
            critical: false,
            status: 'pass',
            observedValue: 0,
            observedUnit: 'ms',
            time,
            consecutiveFailures: 0,
            lastSuccess: time,
            transitions: [{ time, to: 'pass' }],
          },
        ],
        disk: [
          {
            componentType: 'component',
            critical: true,
            status: 'warn',
            observedValue: 0.91,
            observedUnit: '1',
            output: '91 % full',
            time,
            consecutiveFailures: 0,
            lastSuccess: time,
            transitions: [{ time, to: 'warn' }],
          },
        ],
        'cache:connections': [
          {
            componentType: 'component',
            critical: false,
            status: 'warn',
            observedValue: 0,
            observedUnit: 'ms',
            output: 'Error ECONNREFUSED: refused',
            time,
            consecutiveFailures: 1,
            transitions: [{ time, to: 'warn' }],
          },
        ],
      },
    });
  });

  test('gives the reason of a 503', async () => {
    const { ask, health } = await createRunningHealth();
    health.drain();
    expect(JSON.parse((await ask('ready', { detail: true })).body)).toMatchObject({
      status: 'fail',
      reason: 'draining',
    });
  });

  test('shows a check without a result as a warning', async () => {
    const { health } = createTestHealth({ checks });
    expect(health.report().checks['db:responseTime']).toMatchObject([
      { status: 'warn', output: 'no result yet' },
    ]);
  });

  test('of live is short: no check has a say in it', async () => {
    const { ask } = await createRunningHealth({ checks });
    expect(JSON.parse((await ask('live', { detail: true })).body).checks).toEqual({});
  });

  test('names the routes that suffer', async () => {
    const { health } = await createRunningHealth({
      checks: { db: { run: () => false, affectedEndpoints: ['/orders/{id}'] } },
    });
    expect(health.report().checks['db:responseTime']).toMatchObject([
      { affectedEndpoints: ['/orders/{id}'] },
    ]);
  });

  test('says why the application wants no traffic, redacted', async () => {
    const { health } = await createRunningHealth();
    health.markNotReady('rotating, password=hunter2');
    health.markDead('https://admin:hunter2@vault failed');
    expect(health.report().notes).toEqual([
      'unready since 2026-11-23T01:00:00Z',
      'not ready: rotating, password=***',
      'dead: https://***@vault failed',
    ]);
  });

  test('keeps a check by any name apart from the object it is in', async () => {
    const { health, ask } = await createRunningHealth({
      checks: { ['__proto__']: () => true, constructor: () => false },
    });
    expect(Object.keys(health.report().checks)).toEqual([
      '__proto__:responseTime',
      'constructor:responseTime',
    ]);
    health.contribute(() => [['__proto__', { status: 'pass' }]]);
    expect((await ask('health', { detail: true })).body).toContain('"__proto__":[{"status":"pass"}]');
  });

  test('is a new one each time: nothing of one answer leaks into the next', async () => {
    const { health } = await createRunningHealth({ checks });
    const first = health.report();
    (first.checks as Record<string, unknown>).leak = [];
    (first.notes as string[]).push('leak');
    expect(JSON.stringify(health.report())).not.toContain('leak');
  });

  test.each<[string, () => unknown]>([
    ['is circular', circular],
    ['throws when it is written', () => ({ toJSON: fail })],
    ['is a bigint', () => 1n],
  ])('becomes the status alone when something in it %s', async (_name, make) => {
    const { health, ask } = await createRunningHealth();
    health.contribute(() => [['odd', { status: 'warn', observedValue: make() as string }]]);
    const { body, status } = await ask('health', { detail: true });
    expect([status, body]).toEqual([200, '{"status":"warn"}']);
  });
});

function circular(): unknown {
  const value: Record<string, unknown> = {};
  value.self = value;
  return value;
}

function fail(): never {
  throw new Error('unwritable');
}
