import { describe, expect, test } from 'vitest';
import { createBreakers } from '../../src/client/breakers.js';
import { createFaults } from '../../src/core/faults.js';
import { createLog } from '../../src/core/log.js';
import { CLIENT_DURATION } from '../../src/metrics/client-red.js';
import { createDropped } from '../../src/metrics/dropped.js';
import type { Instrument } from '../../src/metrics/instrument.js';
import { createServerRed } from '../../src/metrics/server-red.js';
import { HeartbeatMetrics } from '../../src/process/heartbeat-metrics.js';
import { poolLimit, prometheusName, SERIES, type SeriesKind, select } from '../../src/rules/series.js';
import { createProbeMetrics } from '../../src/server/probes/metrics.js';
import { createFakeClock } from '../support/fake-clock.js';

const silent = createLog('none', () => {});

function emitted(): Map<string, Pick<Instrument, 'kind' | 'unit'>> {
  const breakers = createBreakers({
    configOf: undefined,
    clock: createFakeClock(),
    faults: createFaults(silent),
    log: silent,
    isStalled: () => false,
    onTransition: () => {},
  });
  const instruments = [
    ...createServerRed([1], 100, () => {}).instruments,
    { kind: 'histogram' as const, ...CLIENT_DURATION },
    ...breakers.instruments,
    ...new HeartbeatMetrics(30_000).instruments,
    ...createProbeMetrics().instruments({ statuses: () => [] } as never),
    createDropped().instrument,
  ];
  return new Map(instruments.map(({ name, kind, unit }) => [name, { kind, unit }]));
}

describe('the table of series', () => {
  test('says of each instrument what it is', () => {
    const instruments = emitted();
    const known = Object.values(SERIES).filter(({ name }) => instruments.has(name));
    expect(known.length).toBeGreaterThanOrEqual(10);
    for (const { name, kind, unit } of known)
      expect({ name, ...instruments.get(name) }).toEqual({ name, kind, unit });
  });

  test('has no name twice', () => {
    const names = Object.values(SERIES).map((series) => series.name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('the name in Prometheus', () => {
  test.each<[SeriesKind, string]>([
    [SERIES.serverDuration, 'http_server_request_duration_seconds'],
    [SERIES.serverActive, 'http_server_active_requests'],
    [SERIES.poolLimit, 'db_client_connection_limit'],
    [SERIES.loopUtilization, 'nodejs_eventloop_utilization_ratio'],
    [SERIES.loopDelayP99, 'nodejs_eventloop_delay_p99_seconds'],
    [SERIES.cpuTime, 'process_cpu_time_seconds_total'],
    [SERIES.memoryUsage, 'process_memory_usage_bytes'],
    [SERIES.dropped, 'golden_signals_dropped_total'],
    [{ name: 'a-b.c', kind: 'updowncounter', unit: '1' }, 'a_b_c'],
  ])('%o', (series, name) => {
    expect(prometheusName(series)).toBe(name);
  });
});

test('the limits of pools are read by their former name, too', () => {
  expect(poolLimit((limits) => `sum (${limits})`, ['job="a"'])).toBe(
    'sum (db_client_connection_limit{job="a"}) or sum (db_client_connection_max{job="a"})',
  );
});

describe('a selector', () => {
  test('names the series, with its matchers', () => {
    expect(select('poolLimit')).toBe('db_client_connection_limit');
    expect(select('serverDuration', ['le="1.5"'], '_bucket')).toBe(
      'http_server_request_duration_seconds_bucket{le="1.5"}',
    );
  });

  test('takes a gauge of unit 1 in both spellings', () => {
    expect(select('loopUtilization', ['job="a"'])).toBe(
      '{__name__=~"nodejs_eventloop_utilization(_ratio)?",job="a"}',
    );
  });
});
