import { fires, type Scenario } from './promtool.js';

const always = (value: number) => `${value}x20`;
const inUse = (instance: string, used: number, max: number | undefined, name = 'orders', more = '') => {
  const labels = `job="orders",instance="${instance}",db_client_connection_pool_name="${name}"${more}`;
  return {
    [`db_client_connection_count{${labels},db_client_connection_state="used"}`]: always(used),
    [`db_client_connection_count{${labels},db_client_connection_state="idle"}`]: always(10),
    ...(max === undefined ? {} : { [`db_client_connection_limit{${labels}}`]: always(max) }),
  };
};
/** As a service sends it whose library knows the semantic conventions before 1.45. */
const inUseBefore = (instance: string, used: number, max: number, more = '') =>
  Object.fromEntries(
    Object.entries(inUse(instance, used, max, 'orders', more)).map(([series, values]) => [
      series.replace('_connection_limit{', '_connection_max{'),
      values,
    ]),
  );
const pool = (instance: string, name = 'orders') =>
  `{db_client_connection_pool_name="${name}",instance="${instance}",job="orders"}`;

const pools: Scenario = {
  name: 'DbPoolSaturated and DbPoolQueueing',
  interval: '30s',
  series: {
    ...inUse('eight', 8, 10),
    ...inUse('nine', 9, 10),
    ...inUse('nine', 1, 90, 'reports'),
    ...inUse('boundless', 9, 0),
    ...inUse('unknown', 9, undefined),
    // One pool in two series, as by a label that somebody has added.
    ...inUse('split-eight', 4, 5),
    ...inUse('split-eight', 4, 5, 'orders', ',server_address="b"'),
    ...inUse('split-nine', 5, 5),
    ...inUse('split-nine', 4, 5, 'orders', ',server_address="b"'),
    ...inUseBefore('before-split-eight', 4, 5),
    ...inUseBefore('before-split-eight', 4, 5, ',server_address="b"'),
    ...inUseBefore('before-split-nine', 5, 5),
    ...inUseBefore('before-split-nine', 4, 5, ',server_address="b"'),
    'db_client_connection_pending_requests{job="orders",instance="nine",db_client_connection_pool_name="orders"}':
      '0x20',
    'db_client_connection_pending_requests{job="orders",instance="unknown",db_client_connection_pool_name="orders"}':
      '1x20',
  },
  expects: [
    fires('30s', 'DbPoolSaturated'),
    fires('1m', 'DbPoolSaturated', pool('before-split-nine'), pool('nine'), pool('split-nine')),
    fires('10m', 'DbPoolSaturated', pool('before-split-nine'), pool('nine'), pool('split-nine')),
    fires('30s', 'DbPoolQueueing'),
    fires('1m', 'DbPoolQueueing', pool('unknown')),
  ],
};

const loop = (instance: string, delay: number, utilization: number, suffix = '_ratio') => ({
  [`nodejs_eventloop_delay_p99_seconds{job="orders",instance="${instance}"}`]: always(delay),
  [`nodejs_eventloop_utilization${suffix}{job="orders",instance="${instance}"}`]: always(utilization),
});

const loops: Scenario = {
  name: 'EventLoopDelayHigh and EventLoopSaturated',
  interval: '30s',
  series: {
    ...loop('exact', 0.1, 0.9),
    ...loop('exact-elsewhere', 0.01, 0.9, ''),
    ...loop('late', 0.11, 0.5),
    ...loop('busy', 0.02, 0.91),
    // Two versions of a scope while one is exchanged for the other: the worse counts.
    'nodejs_eventloop_delay_p99_seconds{job="orders",instance="late",otel_scope_version="1"}': always(0.01),
    'nodejs_eventloop_utilization_ratio{job="orders",instance="busy",otel_scope_version="1"}': always(0.01),
    ...loop('busy-elsewhere', 0.02, 0.91, ''),
  },
  expects: [
    fires('90s', 'EventLoopDelayHigh'),
    fires('2m', 'EventLoopDelayHigh', '{instance="late",job="orders"}'),
    fires('270s', 'EventLoopSaturated'),
    fires(
      '5m',
      'EventLoopSaturated',
      '{instance="busy",job="orders"}',
      '{instance="busy-elsewhere",job="orders"}',
    ),
  ],
};

const memory = (instance: string, available: number, limit: number, more = '') => ({
  [`container_memory_available_bytes{job="orders",instance="${instance}"${more}}`]: always(available),
  [`golden_signals_container_memory_limit_bytes{job="orders",instance="${instance}"${more}}`]: always(limit),
});
const cpu = (instance: string, throttled: string, periods: string, more = '') => ({
  [`golden_signals_container_cpu_throttled_periods_total{job="orders",instance="${instance}"${more}}`]:
    throttled,
  [`golden_signals_container_cpu_periods_total{job="orders",instance="${instance}"${more}}`]: periods,
});

const bursts = (steps: number) =>
  Array.from(
    { length: steps + 1 },
    (_, step) => 300 * (4 * Math.floor(step / 8) + Math.min(step % 8, 4)),
  ).join(' ');
const onOne = (instance: string) => `{instance="${instance}",job="orders"}`;

const containers: Scenario = {
  name: 'MemoryNearLimit and CpuThrottled',
  interval: '30s',
  series: {
    ...memory('exact', 128, 1_280),
    ...memory('short', 120, 1_280),
    // Two versions of a scope while one is exchanged for the other.
    ...memory('short', 100, 640, ',otel_scope_version="1"'),
    ...memory('enough', 200, 1_280),
    ...memory('enough', 100, 1_280, ',otel_scope_version="1"'),
    ...memory('boundless', 0, 0),
    ...cpu('quarter', '0+75x40', '0+300x40'),
    ...cpu('held-up', '0+90x40', '0+300x40'),
    ...cpu('idle', '5x40', '20x40'),
    ...cpu('two', '0+90x40', '0+300x40'),
    ...cpu('two', '0+90x40', '0+300x40', ',otel_scope_version="1"'),
    ...cpu('other', '0+60x40', '0+200x40'),
    ...cpu('other', '0+60x40', '0+300x40', ',otel_scope_version="1"'),
    // Two minutes of every four.
    ...cpu('bursts', bursts(40), '0+300x40'),
  },
  expects: [
    fires('270s', 'MemoryNearLimit'),
    fires('5m', 'MemoryNearLimit', '{instance="short",job="orders"}'),
    fires('10m', 'CpuThrottled'),
    fires('630s', 'CpuThrottled', ...['held-up', 'two', 'bursts'].map(onOne)),
    fires('20m', 'CpuThrottled', ...['held-up', 'two', 'bursts'].map(onOne)),
  ],
};

export const saturationScenarios: readonly Scenario[] = [pools, loops, containers];
