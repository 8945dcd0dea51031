import { describe, expect, test } from 'vitest';
import { AlertEngine } from '../../../src/console/alerts/engine.js';
import { specsOf } from '../../../src/console/alerts/rule-spec.js';
import type { SeriesWriter } from '../../../src/console/alerts/series-source.js';
import { defaultBoundaries } from '../../../src/metrics/options.js';
import { createRuleGroups } from '../../../src/rules/rule-groups.js';
import { resolveRules } from '../../../src/rules/rule-options.js';
import { noTimers, stillClock } from './support/replay.js';

const labels = { job: 'orders', instance: 'a' };
const route = { ...labels, http_route: '/orders', http_request_method: 'POST' };

/** A service that exports each second, as ours do for the console: requests with a duration and a status, and a pool of ten. */
function createService(engine: AlertEngine) {
  const writers = new Map<string, SeriesWriter>();
  const counts = new Map<string, number>();
  const write = (name: string, given: Readonly<Record<string, string>>, atMs: number, value: number) => {
    const key = name + JSON.stringify(given);
    const writer = writers.get(key) ?? engine.store.writer(name, given);
    writers.set(key, writer);
    writer.append(atMs, value);
  };
  const count = (name: string, given: Readonly<Record<string, string>>, atMs: number, by: number) => {
    const key = name + JSON.stringify(given);
    counts.set(key, (counts.get(key) ?? 0) + by);
    write(name, given, atMs, counts.get(key) ?? 0);
  };
  return (atMs: number, { durationS = 0.05, failing = 0, used = 2 } = {}) => {
    for (const [status, requests] of [
      ['201', 10 - failing],
      ['503', failing],
    ] as const) {
      const one = { ...route, http_response_status_code: status };
      for (const bound of [...defaultBoundaries, Number.POSITIVE_INFINITY]) {
        const le = bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound);
        count(
          'http_server_request_duration_seconds_bucket',
          { ...one, le },
          atMs,
          durationS <= bound ? requests : 0,
        );
      }
      count('http_server_request_duration_seconds_count', one, atMs, requests);
    }
    const pool = { ...labels, db_client_connection_pool_name: 'orders' };
    write('db_client_connection_count', { ...pool, db_client_connection_state: 'used' }, atMs, used);
    write('db_client_connection_max', pool, atMs, 10);
  };
}

interface Fault {
  readonly durationS?: number;
  readonly failing?: number;
  readonly used?: number;
}

/** Seconds after the beginning and the end of a fault at which an alert fires and is resolved. */
async function times(alert: string, fault: Fault, healthyS: number, faultyS: number) {
  const engine = new AlertEngine({
    groups: specsOf(createRuleGroups(resolveRules())),
    clock: stillClock,
    timers: noTimers,
    maxForMs: 10_000,
  });
  const seen: { fires?: number; resolves?: number } = {};
  const others = new Set<string>();
  let atS = 0;
  engine.onEvent(({ alert: { rule, state } }) => {
    // The same fault burns the budget of an objective, or is no fault at all to the other alerts.
    if (rule.name.startsWith('SloBurn') || rule.name === 'Watchdog') return;
    if (rule.name !== alert) others.add(rule.name);
    else if (state === 'firing') seen.fires = atS - healthyS;
    else if (state === 'resolved') seen.resolves = atS - healthyS - faultyS;
  });
  const service = createService(engine);
  // Not at whole seconds, as exports come.
  for (; atS < healthyS + faultyS + 900; atS += 1) {
    service(atS * 1_000 + 137, atS >= healthyS && atS < healthyS + faultyS ? fault : {});
    await engine.evaluateDue(atS * 1_000 + 200);
  }
  const failed = engine.rules().filter(({ failure }) => failure !== undefined);
  expect(failed).toEqual([]);
  return Object.assign(seen, { others: [...others] });
}

describe('the alerts that a service needs most, with a `for` of ten seconds', () => {
  test('a p99 above 3 s', async () => {
    const { fires, resolves, others } = await times('HighLatencyP99', { durationS: 3.2 }, 120, 60);
    expect(fires).toBeGreaterThanOrEqual(10);
    expect(fires).toBeLessThanOrEqual(30);
    // The slow minute leaves the window of five.
    expect(resolves).toBeLessThanOrEqual(305);
    expect(others).toEqual([]);
  });

  test('no p99 of 2.9 s', async () => {
    expect(await times('HighLatencyP99', { durationS: 2.9 }, 120, 60)).toEqual({ others: [] });
  });

  test('more than 1 % of 5xx', async () => {
    const { fires, resolves, others } = await times('HighErrorRate', { failing: 5 }, 120, 60);
    expect(fires).toBeGreaterThanOrEqual(10);
    expect(fires).toBeLessThanOrEqual(30);
    expect(resolves).toBeLessThanOrEqual(305);
    expect(others).toEqual([]);
  });

  test('more than 80 % of a pool', async () => {
    const { fires, resolves, others } = await times('DbPoolSaturated', { used: 9 }, 60, 60);
    expect(fires).toBeGreaterThanOrEqual(10);
    expect(fires).toBeLessThanOrEqual(20);
    expect(resolves).toBeLessThanOrEqual(6);
    expect(others).toEqual([]);
  });

  test('no pool of 80 %', async () => {
    expect(await times('DbPoolSaturated', { used: 8 }, 60, 60)).toEqual({ others: [] });
  });
});
