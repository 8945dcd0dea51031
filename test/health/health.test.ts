import { describe, expect, test, vi } from 'vitest';
import type { Entry } from '../../src/health/entry.js';
import type { Health } from '../../src/health/health.js';
import {
  createDeferred,
  createRunningHealth,
  createTestHealth,
  get,
  never,
  target,
} from './support/harness.js';

describe('the start-up', () => {
  test('is over when the server listens, the tasks are done and the critical checks have answered', async () => {
    const task = createDeferred();
    const check = createDeferred();
    const { health, ask, clock, states } = createTestHealth({
      startup: { warm: () => task.promise },
      checks: { disk: { run: () => check.promise, critical: true, timeoutMs: 60_000 } },
    });
    health.start();
    expect((await ask('startup')).body).toBe('{"status":"fail","reason":"starting"}');
    health.listening();
    expect((await ask('ready')).status).toBe(503);
    task.resolve();
    await clock.advance(0);
    expect((await ask('startup')).status).toBe(503);
    check.resolve();
    await clock.advance(0);
    expect((await ask('startup')).status).toBe(200);
    expect((await ask('ready')).status).toBe(200);
    expect(states).toEqual([{ from: 'starting', to: 'ready', reason: undefined }]);
  });

  test('is over however its parts are ordered', async () => {
    const { health, clock } = createTestHealth({
      startup: { warm: () => {} },
      checks: { disk: { run: () => true, critical: true } },
    });
    health.start();
    await clock.advance(0);
    expect(health.state).toBe('starting');
    health.listening();
    expect(health.state).toBe('ready');
  });

  test('does not wait for a check that is not critical', async () => {
    const { health } = await createRunningHealth({ checks: { db: never } });
    expect(health.state).toBe('ready');
  });

  test('does not end while a task has failed, and tells', async () => {
    const { ask, tasks, health } = await createRunningHealth({
      startup: { warm: () => Promise.reject('no') },
    });
    expect((await ask('startup')).status).toBe(503);
    expect((await ask('live')).status).toBe(200);
    expect(tasks).toEqual([{ name: 'warm', ok: false, error: 'no' }]);
    expect(health.report().notes).toContain('startup task warm: failed');
  });

  test('ends when the critical check that held it up is removed', async () => {
    const { health } = await createRunningHealth({ checks: { disk: { run: never, critical: true } } });
    expect(health.state).toBe('starting');
    health.remove('disk');
    expect(health.state).toBe('ready');
  });

  test('leaves a service unready whose critical check fails from the first', async () => {
    const { ask } = await createRunningHealth({ checks: { disk: { run: () => false, critical: true } } });
    expect((await ask('startup')).status).toBe(200);
    expect((await ask('ready')).body).toBe('{"status":"fail","reason":"critical-check"}');
  });
});

describe('a probe', () => {
  test('is answered at once, a thousand times, without another call of any check', async () => {
    const run = vi.fn(() => true);
    const { health } = await createRunningHealth({ checks: { a: run, b: { run, critical: true } } });
    const answers = Array.from({ length: 1_000 }, () => health.answer(target('ready'), get, false));
    expect(answers).toSatisfy((all: unknown[]) => all.every((answer) => !(answer instanceof Promise)));
    expect(run).toHaveBeenCalledTimes(2);
  });

  test('runs each on-demand check once for a thousand at the same time', async () => {
    const run = vi.fn(() => new Promise((resolve) => clock.set(() => resolve(true), 100)));
    const { health, clock } = createTestHealth({
      checks: { a: { run, intervalMs: 0 }, b: { run, intervalMs: 0, critical: true } },
    });
    health.start();
    health.listening();
    await clock.advance(10_000);
    run.mockClear();
    const answers = Promise.all(
      Array.from({ length: 1_000 }, () => health.answer(target('health'), get, false)),
    );
    await clock.advance(100);
    expect((await answers).map(({ status }) => status)).toEqual(Array(1_000).fill(200));
    expect(run).toHaveBeenCalledTimes(2);
    expect(clock.pending).toBe(0);
  });

  test('waits for a first result, and answers as soon as it is there', async () => {
    const first = createDeferred();
    const { health, clock } = await createRunningHealth({
      checks: { disk: { run: () => first.promise, critical: true } },
    });
    const answer = health.answer(target('ready'), get, false);
    await clock.advance(300);
    first.resolve(true);
    expect((await answer).status).toBe(200);
  });

  test('gives up waiting after 800 ms and says that the service is starting', async () => {
    const { health, clock } = await createRunningHealth({ checks: { disk: { run: never, critical: true } } });
    let body: string | undefined;
    void Promise.resolve(health.answer(target('ready'), get, false)).then((response) => {
      body = response.body;
    });
    await clock.advance(799);
    expect(body).toBeUndefined();
    await clock.advance(1);
    expect(body).toBe('{"status":"fail","reason":"starting"}');
  });

  test('does not wait again once a hanging check has timed out', async () => {
    const run = vi.fn(never);
    const { health, clock } = await createRunningHealth({ checks: { disk: { run, critical: true } } });
    await clock.advance(2_000);
    expect(health.answer(target('ready'), get, false)).toMatchObject({ status: 503 });
    await clock.advance(60_000);
    expect(run).toHaveBeenCalledOnce();
  });

  test('of a hanging on-demand check answers 503 within 800 ms, also after it had passed', async () => {
    const run = vi.fn().mockReturnValueOnce(true).mockImplementation(never);
    const { ask, clock } = await createRunningHealth({
      checks: { disk: { run, intervalMs: 0, critical: true } },
    });
    await clock.advance(5_000);
    expect((await ask('ready')).status).toBe(503);
    expect(run).toHaveBeenCalledTimes(2);
  });

  test.each(['live', 'ready', 'startup'] as const)(
    'of %s does not wait for a check that is not critical',
    async (probe) => {
      const { health } = await createRunningHealth({ checks: { db: never } });
      expect(health.answer(target(probe), get, false)).toMatchObject({ status: 200 });
    },
  );

  test('does not wait while the answer hangs on something else', async () => {
    const disk = { run: never, critical: true };
    const asked = (health: Health) => health.answer(target('ready'), get, false);
    const deaf = createTestHealth({ checks: { disk } });
    deaf.health.start();
    expect(asked(deaf.health)).toMatchObject({ status: 503 });
    const dead = await createRunningHealth({ checks: { disk } });
    dead.health.markDead();
    expect(asked(dead.health)).toMatchObject({ body: '{"status":"fail","reason":"dead"}' });
    const busy = await createRunningHealth({ checks: { disk }, startup: { warm: never } });
    expect(asked(busy.health)).toMatchObject({ status: 503 });
  });

  test('of startup does not ask anything once the service has started', async () => {
    const run = vi.fn(() => true);
    const { health, clock } = await createRunningHealth({
      checks: { disk: { run, intervalMs: 0, critical: true } },
    });
    await clock.advance(60_000);
    expect(health.answer(target('startup'), get, false)).toMatchObject({ status: 200 });
    expect(run).toHaveBeenCalledOnce();
  });

  test('of a group speaks of its checks alone', async () => {
    const { ask, health } = await createRunningHealth({
      checks: { disk: { run: () => false, critical: true }, cache: { run: () => true, groups: ['fast'] } },
    });
    health.contribute(() => [['worker:heartbeat', { status: 'fail', critical: true }]]);
    expect((await ask('health')).status).toBe(503);
    const { status, body } = await ask('health', { group: 'fast', detail: true });
    expect([status, Object.keys(JSON.parse(body).checks)]).toEqual([200, ['cache:responseTime']]);
  });
});

describe('draining', () => {
  test('turns ready and health to 503 at once and keeps live at 200', async () => {
    const { health } = await createRunningHealth();
    health.drain();
    const statusOf = (probe: 'live' | 'ready' | 'health' | 'startup') =>
      health.answer(target(probe), get, false);
    expect(statusOf('ready')).toMatchObject({ status: 503, body: '{"status":"fail","reason":"draining"}' });
    expect(statusOf('health')).toMatchObject({ status: 503 });
    expect(statusOf('live')).toMatchObject({ status: 200 });
    expect(statusOf('startup')).toMatchObject({ status: 200 });
  });

  test('stops the checks and the start-up tasks, and frees every timer', async () => {
    const signals: AbortSignal[] = [];
    const run = (signal: AbortSignal) => {
      signals.push(signal);
      return never();
    };
    const { health, clock } = await createRunningHealth({
      checks: { a: run, b: { run, intervalMs: 0 } },
      startup: { task: run },
    });
    health.close();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true]);
    expect(clock.pending).toBe(0);
    expect(health.state).toBe('closed');
  });

  test('lets a probe that was waiting go', async () => {
    const { health } = await createRunningHealth({ checks: { disk: { run: never, critical: true } } });
    const answer = health.answer(target('ready'), get, false);
    health.drain();
    expect((await answer).body).toBe('{"status":"fail","reason":"draining"}');
  });
});

describe('what others contribute', () => {
  const breaker = (entry: Partial<Entry>): [string, Entry] => [
    'payments:circuit',
    { status: 'warn', critical: false, ...entry },
  ];

  test('warns, and an open breaker never takes the service out', async () => {
    const { health, ask } = await createRunningHealth();
    health.contribute(() => [breaker({ status: 'fail', observedValue: 'open' })]);
    expect((await ask('ready')).status).toBe(200);
    expect((await ask('health')).body).toBe('{"status":"warn"}');
    expect(health.report().checks['payments:circuit']).toMatchObject([
      { status: 'warn', observedValue: 'open' },
    ]);
  });

  test('takes it out if it is critical', async () => {
    const { health, ask } = await createRunningHealth();
    health.contribute(() => [['worker:heartbeat', { status: 'fail', critical: true }]]);
    expect((await ask('ready')).status).toBe(503);
  });

  test('is redacted like everything else', async () => {
    const { health } = await createRunningHealth();
    health.contribute(() => [
      breaker({ output: 'open: token=hunter2', observedValue: 'http://a:hunter2@b' }),
    ]);
    expect(health.report().checks['payments:circuit']).toMatchObject([
      { output: 'open: token=***', observedValue: 'http://***@b' },
    ]);
  });

  test('can be taken away again', async () => {
    const { health } = await createRunningHealth();
    const withdraw = health.contribute(() => [breaker({})]);
    withdraw();
    expect(health.verdict(target('health')).status).toBe('pass');
  });

  test('is left out and counted when its source throws', async () => {
    const { health, faults } = await createRunningHealth();
    health.contribute(() => {
      throw new Error('source');
    });
    health.contribute(() => [breaker({})]);
    expect(Object.keys(health.report().checks)).toEqual(['payments:circuit']);
    expect(faults).toHaveLength(1);
  });

  test('shares a name without loss', async () => {
    const { health } = await createRunningHealth();
    health.contribute(() => [breaker({ output: 'one' }), breaker({ output: 'two' })]);
    expect(health.report().checks['payments:circuit']).toMatchObject([{ output: 'one' }, { output: 'two' }]);
  });
});

test('a dead service is not ready, and only a restart helps', async () => {
  const { health, ask } = await createRunningHealth();
  health.markDead('deadlock');
  health.markReady();
  expect((await ask('live')).body).toBe('{"status":"fail","reason":"dead"}');
  expect((await ask('ready')).status).toBe(503);
});

test('the application can ask for no traffic and take it back', async () => {
  const { health, ask } = await createRunningHealth();
  health.markNotReady('reindexing');
  expect((await ask('ready')).body).toBe('{"status":"fail","reason":"manual"}');
  expect((await ask('health')).body).toBe('{"status":"warn"}');
  health.markReady();
  expect((await ask('ready')).body).toBe('{"status":"pass"}');
});

test('a check can be added and removed while the service runs', async () => {
  const { health, ask, clock } = await createRunningHealth();
  health.add('disk', { run: () => false, critical: true });
  await clock.advance(0);
  expect((await ask('ready')).status).toBe(503);
  expect(health.remove('disk')).toBe(true);
  expect((await ask('ready')).status).toBe(200);
});

test('listeners that throw are counted and stop nothing', async () => {
  const fail = () => {
    throw new Error('listener');
  };
  const { health, clock, faults } = createTestHealth(
    { checks: { disk: { run: () => true, critical: true } }, startup: { warm: () => {} } },
    { onState: fail, onTask: fail, onChange: fail, onResult: fail },
  );
  health.start();
  health.listening();
  await clock.advance(0);
  expect(health.state).toBe('ready');
  expect(faults).toHaveLength(4);
});

test('statuses tell what each check counts for, also where it has become stale unseen', async () => {
  let calls = 0;
  const { health, clock } = await createRunningHealth({
    checks: {
      db: () => false,
      disk: {
        run: () => (calls++ === 0 ? true : never()),
        critical: true,
        timeoutMs: 60_000,
        maxAgeMs: 15_000,
      },
      slow: never,
    },
  });
  expect([...health.statuses()]).toEqual([
    ['db', 'warn'],
    ['disk', 'pass'],
    ['slow', undefined],
  ]);
  await clock.advance(16_000);
  expect([...health.statuses()]).toContainEqual(['disk', 'fail']);
});

test('checks and start-up tasks run isolated, from the first run on', async () => {
  let depth = 0;
  const seen: number[] = [];
  const run = () => void seen.push(depth);
  const { health, clock } = createTestHealth(
    { checks: { db: run }, startup: { warm: run } },
    {},
    (isolated) => {
      depth += 1;
      try {
        return isolated();
      } finally {
        depth -= 1;
      }
    },
  );
  health.start();
  await clock.advance(10_000);
  expect(seen).toEqual([1, 1, 1]);
});

test('live and startup read no check: they are asked for most, and hang on none', async () => {
  const { health } = await createRunningHealth();
  const provider = vi.fn(() => []);
  health.contribute(provider);
  health.verdict(target('live'));
  health.verdict(target('startup'));
  expect(provider).not.toHaveBeenCalled();
  health.verdict(target('ready'));
  expect(provider).toHaveBeenCalledOnce();
});
