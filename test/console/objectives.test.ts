import { expect, test } from 'vitest';
import { AlertEngine } from '../../src/console/alerts/engine.js';
import { specsOf } from '../../src/console/alerts/rule-spec.js';
import { objectivesView } from '../../src/console/questions/objectives.js';
import { Query } from '../../src/console/questions/query.js';
import { ruleChart } from '../../src/console/questions/rule-chart.js';
import { createRuleGroups } from '../../src/rules/rule-groups.js';
import { resolveRules } from '../../src/rules/rule-options.js';

const startMs = 1_700_000_000_000 - (1_700_000_000_000 % 60_000);
const config = resolveRules({ availabilityPercent: 99 });

/** An hour of a service that answers ten requests a second, and so many of a hundred with 503; one in fifty takes 4 s. */
async function anHour(failedPercent: number): Promise<{ engine: AlertEngine; nowMs: number }> {
  let nowMs = startMs;
  const engine = new AlertEngine({
    groups: specsOf(createRuleGroups(config)),
    clock: { now: () => performance.now(), epochMs: () => nowMs },
    timers: { set: () => undefined, clear: () => undefined },
    keepMs: 900_000,
  });
  const name = 'http_server_request_duration_seconds';
  const labels = { job: 'shop/order', instance: '1', http_route: '/a' };
  for (let second = 0; second <= 3_600; second += 15) {
    nowMs = startMs + second * 1_000;
    const put = (status: string, count: number) => {
      const own = { ...labels, http_response_status_code: status };
      engine.store.append(`${name}_count`, own, nowMs, count);
      for (const [le, share] of [
        ['0.5', 0.98],
        ['3.0', 0.98],
        ['5.0', 1],
        ['+Inf', 1],
      ] as const)
        engine.store.append(`${name}_bucket`, { ...own, le }, nowMs, count * share);
    };
    put('200', second * 10 * (1 - failedPercent / 100));
    put('503', (second * 10 * failedPercent) / 100);
    await engine.evaluateDue(nowMs);
  }
  return { engine, nowMs };
}

test('an objective says what of its budget is left, and when it is spent at this rate', async () => {
  const { engine, nowMs } = await anHour(2);
  const { objectives } = objectivesView(config, (expr, at) => engine.query(expr, at), nowMs);
  const [availability, latency] = objectives;
  expect(availability).toMatchObject({
    id: 'availability',
    service: 'order',
    job: 'shop/order',
    percent: 99,
  });
  // 2 % failed where 1 % may: twice as fast as it comes back, so that 30 days of it are over in half of that.
  expect(availability?.badRatio).toBeCloseTo(0.02, 4);
  expect(availability?.budgetLeft).toBeCloseTo(-1, 2);
  expect(availability?.burnRate).toBeCloseTo(2, 2);
  expect(availability?.burns[0]).toMatchObject({
    short: { window: '5m', burnRate: expect.closeTo(2, 2) },
    long: { window: '1h', burnRate: expect.closeTo(2, 2) },
    isBurning: false,
  });
  const daysLeft = ((availability?.spentAtMs ?? 0) - nowMs) / 86_400_000;
  expect(daysLeft).toBeGreaterThan(14.9);
  expect(daysLeft).toBeLessThan(15);
  expect(Math.abs((availability?.overMs ?? 0) - 3_600_000)).toBeLessThan(120_000);
  expect(latency).toMatchObject({ id: 'latency', thresholdMs: 500, badRatio: expect.closeTo(0.02, 3) });
});

test('a budget that is spent more slowly than it comes back is never spent', async () => {
  const { engine, nowMs } = await anHour(0.5);
  const { objectives } = objectivesView(config, (expr, at) => engine.query(expr, at), nowMs);
  expect(objectives[0]).toMatchObject({ budgetLeft: expect.closeTo(0.5, 2), spentAtMs: null });
});

test('a rule is drawn with what it measures and its limit, whether it fires or not', async () => {
  const { engine, nowMs } = await anHour(0.5);
  const query = (more = '') => new Query(new URLSearchParams(`window=10m&step=60s${more}`), nowMs);
  const exprOf = (name: string) => engine.rules().find((rule) => rule.name === name)?.expr ?? '';
  const errors = await ruleChart(engine.measure(exprOf('HighErrorRate')), query());
  expect(errors).toMatchObject({ operator: '>', stepMs: 60_000, leftOut: 0 });
  expect(errors.lines).toHaveLength(1);
  expect(errors.lines[0]?.labels).toEqual({ job: 'shop/order' });
  for (const value of errors.lines[0]?.values ?? []) expect(value).toBeCloseTo(0.005, 4);
  expect(new Set(errors.lines[0]?.limits)).toEqual(new Set([0.01]));

  // Its limit is a series: a tenth of the traffic an hour ago.
  const traffic = await ruleChart(engine.measure(exprOf('TrafficDrop')), query('&label=job=shop/order'));
  expect(traffic.lines[0]?.values.at(-1)).toBeCloseTo(10, 3);
  expect((await ruleChart(engine.measure(exprOf('HighErrorRate')), query('&label=job=other'))).lines).toEqual(
    [],
  );
  // One that compares nothing is drawn alone.
  expect((await ruleChart(engine.measure(exprOf('HeartbeatMissing')), query())).operator).toBeNull();
});
