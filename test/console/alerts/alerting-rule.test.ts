import { describe, expect, test } from 'vitest';
import { alerting, createEngine, group, recordEvents, run } from './support/rule-world.js';

describe('an alert', () => {
  test('is pending while its expression holds, fires after its time, and is resolved at the first evaluation without', async () => {
    const engine = createEngine([group(alerting({ expr: 'up == 0', forMs: 20_000 }))]);
    const events = recordEvents(engine);
    await run(engine, { a: [1, 0, 0, 0, 0, 1, 1] });
    expect(events).toEqual([
      [10, 'pending', 'instance=a'],
      [30, 'firing', 'instance=a'],
      [50, 'resolved', 'instance=a'],
    ]);
  });

  test('that ends before its time is inactive, and begins anew', async () => {
    const engine = createEngine([group(alerting({ expr: 'up == 0', forMs: 20_000 }))]);
    const events = recordEvents(engine);
    await run(engine, { a: [0, 0, 1, 0, 0, 0] });
    expect(events).toEqual([
      [0, 'pending', 'instance=a'],
      [20, 'inactive', 'instance=a'],
      [30, 'pending', 'instance=a'],
      [50, 'firing', 'instance=a'],
    ]);
  });

  test('without a time fires at once, and never is pending', async () => {
    const engine = createEngine([group(alerting({ expr: 'up == 0' }))]);
    const events = recordEvents(engine);
    await run(engine, { a: [0, 1] });
    expect(events).toEqual([
      [0, 'firing', 'instance=a'],
      [10, 'resolved', 'instance=a'],
    ]);
  });

  test('is one for each label set, by itself', async () => {
    const engine = createEngine([group(alerting({ expr: 'up == 0', forMs: 10_000 }))]);
    const events = recordEvents(engine);
    await run(engine, { a: [0, 0, 0, 1], b: [1, 0, 0, 0] });
    expect(events).toEqual([
      [0, 'pending', 'instance=a'],
      [10, 'pending', 'instance=b'],
      [10, 'firing', 'instance=a'],
      [20, 'firing', 'instance=b'],
      [30, 'resolved', 'instance=a'],
    ]);
    expect(engine.alerts().map(({ state, labels }) => [labels.instance, state])).toEqual([
      ['a', 'resolved'],
      ['b', 'firing'],
    ]);
  });

  test('goes on firing for as long as its rule says, counted from when the expression no longer held', async () => {
    const engine = createEngine([group(alerting({ expr: 'up == 0', keepFiringForMs: 20_000 }))]);
    const events = recordEvents(engine);
    await run(engine, { a: [0, 1, 1, 0, 1, 1, 1, 1] });
    expect(events).toEqual([
      [0, 'firing', 'instance=a'],
      [60, 'resolved', 'instance=a'],
    ]);
  });

  test('ends with its series', async () => {
    const engine = createEngine([group(alerting({ expr: 'up == 0' }))]);
    const events = recordEvents(engine);
    await run(engine, { a: [0, undefined] });
    expect(events.at(-1)).toEqual([10, 'resolved', 'instance=a']);
  });

  test('is remembered for 15 minutes', async () => {
    const engine = createEngine([group(alerting({ expr: 'up == 0' }))]);
    await run(engine, { a: [0, ...Array.from({ length: 91 }, () => 1)] });
    expect(engine.alerts()).toMatchObject([{ state: 'resolved', resolvedAtMs: 10_000 }]);
    engine.store.append('up', { instance: 'a' }, 920_000, 1);
    await engine.evaluateDue(920_000);
    expect(engine.alerts()).toEqual([]);
  });

  test('fires anew after it was resolved, with a time of its own', async () => {
    const engine = createEngine([group(alerting({ expr: 'up == 0' }))]);
    const events = recordEvents(engine);
    await run(engine, { a: [0, 1, 0] });
    expect(events.map(([, state]) => state)).toEqual(['firing', 'resolved', 'firing']);
    expect(engine.alerts()).toMatchObject([{ state: 'firing', activeAtMs: 20_000, firedAtMs: 20_000 }]);
  });

  test('has the labels of its series and of its rule, its annotations and value as of now', async () => {
    const spec = alerting({
      alert: 'Down',
      expr: 'up < 1',
      labels: { severity: 'page', where: '{{ $labels.instance }}!' },
      annotations: { summary: '{{ $labels.instance }} is at {{ $value }}' },
    });
    const engine = createEngine([group(spec)]);
    await run(engine, { a: [0.5, 0.25] });
    const [alert] = engine.alerts();
    expect(alert).toMatchObject({
      state: 'firing',
      labels: { alertname: 'Down', severity: 'page', where: 'a!', instance: 'a' },
      annotations: { summary: 'a is at 0.25' },
      value: 0.25,
      rule: { name: 'Down', group: 'test', expr: 'up < 1', forMs: 0 },
    });
    expect(alert?.labels).not.toHaveProperty('__name__');
  });

  test('is known by the fingerprint of Alertmanager', async () => {
    const engine = createEngine([group(alerting({ alert: 'a', expr: 'vector(1)' }))]);
    await engine.evaluateDue(0);
    // FNV-1a of alertname, 0xff, a, 0xff.
    expect(engine.alerts()[0]?.id).toMatch(/^[0-9a-f]{16}$/);
    const again = createEngine([group(alerting({ alert: 'a', expr: 'vector(2)' }))]);
    await again.evaluateDue(0);
    expect(again.alerts()[0]?.id).toBe(engine.alerts()[0]?.id);
  });

  test('stays as it is while its rule cannot be evaluated', async () => {
    const spec = alerting({ expr: 'sum by (instance) (up == 0) * on () group_left () limit' });
    const engine = createEngine([group(spec)]);
    const events = recordEvents(engine);
    engine.store.append('limit', { a: '1' }, 0, 1);
    await run(engine, { a: [0] });
    engine.store.append('limit', { a: '2' }, 10_000, 1);
    await engine.evaluateDue(10_000);
    expect(engine.rules()).toMatchObject([{ failure: expect.stringContaining('duplicate series') }]);
    expect(events).toEqual([[0, 'firing', 'instance=a']]);
    expect(engine.alerts()).toMatchObject([{ state: 'firing' }]);
  });

  test('that two series would be is a failure of the rule', async () => {
    const spec = alerting({ expr: 'up == 0', labels: { instance: 'any' } });
    const engine = createEngine([group(spec)]);
    await run(engine, { a: [0], b: [0] });
    expect(engine.rules()).toMatchObject([{ failure: expect.stringContaining('same labelset') }]);
    expect(engine.alerts()).toEqual([]);
  });

  test('can be read by rules below it, as a series', async () => {
    const engine = createEngine([
      group(
        alerting({ alert: 'Down', expr: 'up == 0', forMs: 10_000 }),
        alerting({ alert: 'SeveralDown', expr: 'count(ALERTS{alertname="Down",alertstate="firing"}) > 1' }),
      ),
    ]);
    const events = recordEvents(engine);
    await run(engine, { a: [0, 0, 0, 0], b: [1, 0, 0, 1] });
    expect(events.filter(([, , labels]) => labels === '')).toEqual([
      [20, 'firing', ''],
      [30, 'resolved', ''],
    ]);
  });
});
