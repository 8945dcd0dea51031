import { describe, expect, test } from 'vitest';
import { AlertEngine } from '../../../src/console/alerts/engine.js';
import { createFakeClock, fakeEpochMs } from '../../support/fake-clock.js';
import { alerting, createEngine, group, recordEvents, run } from './support/rule-world.js';

describe('the engine', () => {
  test('evaluates each group at whole multiples of its interval, however late its timer is', async () => {
    const clock = createFakeClock();
    const engine = new AlertEngine({
      clock,
      timers: clock,
      groups: [
        {
          name: 'seldom',
          intervalMs: 30_000,
          rules: [alerting({ alert: 'Seldom', expr: 'vector(time())' })],
        },
        { name: 'often', intervalMs: 10_000, rules: [alerting({ alert: 'Often', expr: 'vector(time())' })] },
      ],
    });
    const values = () => engine.alerts().map(({ rule, value }) => [rule.name, value - fakeEpochMs / 1_000]);
    await clock.advance(4_000);
    engine.start();
    engine.start();
    expect(clock.pending).toBe(1);
    await clock.advance(5_999);
    expect(values()).toEqual([]);
    await clock.advance(1);
    expect(values()).toEqual([
      ['Seldom', 0],
      ['Often', 10],
    ]);
    clock.stall(35_500);
    await clock.advance(0);
    expect(values()).toEqual([
      ['Seldom', 30],
      ['Often', 40],
    ]);
    expect(engine.stats).toMatchObject({ evaluations: 4, missed: 2 });
    engine.stop();
    expect(clock.pending).toBe(0);
    engine.start();
    expect(clock.pending).toBe(1);
  });

  test('has one timer, also when it is stopped and started again while it evaluates', async () => {
    const clock = createFakeClock();
    const engine = new AlertEngine({
      clock,
      timers: clock,
      groups: [group(alerting({ expr: 'vector(1)' }))],
      turnMs: 0,
    });
    engine.start();
    engine.onEvent(() => {
      engine.stop();
      engine.start();
    });
    await clock.advance(10_000);
    await clock.advance(0);
    expect(clock.pending).toBe(1);
    expect(engine.stats.evaluations).toBe(1);
  });

  test('does not evaluate a time twice', async () => {
    const engine = createEngine([group(alerting({ expr: 'vector(1)' }))]);
    await Promise.all([engine.evaluateDue(10_000), engine.evaluateDue(10_000), engine.evaluateDue(19_999)]);
    expect(engine.stats.evaluations).toBe(1);
    await engine.evaluateDue(20_000);
    expect(engine.stats.evaluations).toBe(2);
  });

  test('lets others run between rules and within large ones', async () => {
    let nowMs = 0;
    const engine = createEngine(
      [
        group(
          { record: 'a:sum', expr: 'sum(rate(a_total[1m]))', labels: {} },
          { record: 'b:sum', expr: 'sum(a_total)', labels: {} },
        ),
      ],
      // Each look at it finds that time has passed.
      { clock: { now: () => (nowMs += 5), epochMs: () => 0 }, turnMs: 8 },
    );
    for (let index = 0; index < 3_500; index += 1) {
      engine.store.append('a_total', { index: String(index) }, 0, 0);
      engine.store.append('a_total', { index: String(index) }, 10_000, 10);
    }
    let turns = 0;
    let isDone = false;
    const count = () => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    await engine.evaluateDue(10_000);
    isDone = true;
    expect(turns).toBeGreaterThanOrEqual(3);
    expect(engine.query('sum(rate(a_total[1m]))', 10_000).samples[0]?.value).toBeGreaterThan(500);
  });

  test('reacts faster where the options say so', async () => {
    const rules = [group(alerting({ expr: 'up == 0', forMs: 600_000 }))];
    const atOnce = createEngine(rules, { maxForMs: 10_000 });
    const events = recordEvents(atOnce);
    expect(atOnce.rules()).toHaveLength(1);
    atOnce.store.append('up', {}, 0, 0);
    for (let atMs = 0; atMs <= 15_000; atMs += 1_000) await atOnce.evaluateDue(atMs);
    // Evaluated each 5 s, half of the longest time.
    expect(events.map(([at, state]) => [at, state])).toEqual([
      [0, 'pending'],
      [10, 'firing'],
    ]);
    expect(atOnce.alerts()[0]?.rule.forMs).toBe(10_000);

    const tenth = createEngine(rules, { forFactor: 0.1, maxIntervalMs: 2_000 });
    tenth.store.append('up', {}, 0, 0);
    await tenth.evaluateDue(0);
    expect(tenth.alerts()[0]?.rule.forMs).toBe(60_000);
  });

  test('records at the density that the rule says, and what is newest besides', async () => {
    const engine = createEngine(
      [
        group(
          { record: 'up:sum', expr: 'sum(up)', labels: { kind: 'sum' } },
          { record: 'up:count', expr: 'count_over_time(up:sum[1h])', labels: {} },
        ),
      ],
      { maxIntervalMs: 1_000, unreadMs: 3_600_000 },
    );
    for (let atMs = 0; atMs <= 65_000; atMs += 1_000) {
      engine.store.append('up', {}, atMs, atMs / 1_000);
      await engine.evaluateDue(atMs);
    }
    // Each ten seconds from 0 to 60, and 65.
    expect(engine.query('up:count', 65_000).samples).toMatchObject([{ value: 8 }]);
    expect(engine.query('up:sum{kind="sum"}', 65_000).samples).toMatchObject([{ value: 65 }]);
    expect(engine.query('up:sum offset 5s', 65_000).samples).toMatchObject([{ value: 60 }]);
  });

  test('lets no rule and no listener stop another', async () => {
    const faults: unknown[] = [];
    const engine = createEngine(
      [
        group(
          alerting({ alert: 'Broken', expr: 'up + on () up' }),
          { record: 'broken', expr: 'label_replace(up, "instance", "x", "", "")', labels: {} },
          alerting({ alert: 'Down', expr: 'up == 0' }),
        ),
      ],
      { onFault: (error) => faults.push(error) },
    );
    engine.onEvent(() => {
      throw new Error('listener');
    });
    const events = recordEvents(engine);
    await run(engine, { a: [0], b: [1] });
    expect(events).toEqual([[0, 'firing', 'instance=a']]);
    expect(faults).toMatchObject([{ message: 'listener' }]);
    expect(engine.rules().map(({ name, kind, failure }) => [name, kind, failure !== undefined])).toEqual([
      ['Broken', 'alerting', true],
      ['broken', 'recording', true],
      ['Down', 'alerting', false],
    ]);
  });

  test('calls a listener no more when it has been taken off', async () => {
    const engine = createEngine([group(alerting({ expr: 'vector(1)' }))]);
    let calls = 0;
    engine.onEvent(() => {
      calls += 1;
    })();
    await engine.evaluateDue(0);
    expect(calls).toBe(0);
  });

  test('marks what a rule no longer records as gone', async () => {
    const engine = createEngine([group({ record: 'down', expr: 'up == 0', labels: {} })], {
      unreadMs: 60_000,
    });
    await run(engine, { a: [0, 1], b: [0, 0] });
    expect(engine.query('down', 10_000).samples.map(({ labels }) => labels.instance)).toEqual(['b']);
    expect(engine.query('down', 9_999).samples).toHaveLength(2);
  });

  test('takes a number for a series without labels', async () => {
    const engine = createEngine([group({ record: 'now', expr: 'time()', labels: {} })], { unreadMs: 60_000 });
    await engine.evaluateDue(10_000);
    expect(engine.query('now', 10_000)).toEqual({
      type: 'vector',
      samples: [{ labels: { __name__: 'now' }, value: 10 }],
    });
    expect(engine.query('1 + 1', 10_000)).toEqual({ type: 'scalar', samples: [{ labels: {}, value: 2 }] });
    expect(() => engine.query('up[5m]', 10_000)).toThrow('neither a vector nor a scalar');
  });

  test.each([
    [alerting({ alert: 'Bad', expr: 'up ==' }), 'rule Bad of group test: unexpected the end'],
    [
      alerting({ alert: 'Bad', expr: 'up', annotations: { summary: '{{ nofunc }}' } }),
      'rule Bad of group test: function "nofunc" not defined',
    ],
    [{ record: 'bad', expr: 'rate(up)', labels: {} }, 'rule bad of group test: expected type range vector'],
  ])('names a rule that cannot be read', (rule, message) => {
    expect(() => createEngine([group(rule)])).toThrow(message);
  });
});
