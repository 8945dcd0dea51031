// What the alert engine of the console costs: all rules over the series of many services.
//
//     node --expose-gc bench/alerts/run.mjs [--services 50] [--routes 8] [--minutes 20] [--every 1000] [--interval 5000]
//
// Samples come each `--every` milliseconds, rules are evaluated each `--interval`. Time is simulated, what is measured is the work.
import { parseArgs } from 'node:util';
import { describeMachine } from '../environment.mjs';
import { median, quantile } from '../median.mjs';
import { loadSource } from '../source.mjs';

const { values } = parseArgs({
  options: {
    services: { type: 'string', default: '50' },
    routes: { type: 'string', default: '8' },
    minutes: { type: 'string', default: '20' },
    every: { type: 'string', default: '1000' },
    interval: { type: 'string', default: '5000' },
  },
});
const services = Number(values.services);
const routes = Number(values.routes);
const everyMs = Number(values.every);
const intervalMs = Number(values.interval);
const endMs = Number(values.minutes) * 60_000;

const { AlertEngine, specsOf, createRuleGroups, resolveRules } = await loadSource([
  'console/alerts/engine.ts',
  'console/alerts/rule-spec.ts',
  'rules/rule-groups.ts',
  'rules/rule-options.ts',
]);

const bounds = [
  '0.005',
  '0.01',
  '0.025',
  '0.05',
  '0.075',
  '0.1',
  '0.25',
  '0.5',
  '0.75',
  '1',
  '2.5',
  '3',
  '5',
  '7.5',
  '10',
  '+Inf',
];

/** Each series with how much it grows a sample; 0 for a gauge that stays. */
function* seriesOf(service) {
  const base = { job: `service-${service}`, instance: `${service}-a`, otel_scope_name: 'golden-signals' };
  const duration = 'http_server_request_duration_seconds';
  for (let route = 0; route < routes; route += 1) {
    for (const status of ['200', '500']) {
      const labels = {
        ...base,
        http_route: `/api/things-${route}/:id`,
        http_request_method: 'GET',
        http_response_status_code: status,
        url_scheme: 'http',
      };
      const growth = status === '200' ? 10 : 0.01;
      for (const [index, le] of bounds.entries())
        yield [`${duration}_bucket`, { ...labels, le }, growth * (0.5 + index / 30)];
      yield [`${duration}_count`, labels, growth];
      yield [`${duration}_sum`, labels, growth / 10];
    }
  }
  for (const breaker of ['payment:8080', 'stock:8080']) {
    for (const state of ['closed', 'open', 'half-open', 'forced-open']) {
      const labels = { ...base, golden_signals_breaker_name: breaker, golden_signals_breaker_state: state };
      yield ['golden_signals_breaker_state', labels, 0];
      yield ['golden_signals_breaker_transitions_total', labels, 0];
    }
  }
  const pool = { ...base, db_client_connection_pool_name: 'orders' };
  for (const state of ['used', 'idle'])
    yield ['db_client_connection_count', { ...pool, db_client_connection_state: state }, 0];
  yield ['db_client_connection_max', pool, 0];
  yield ['db_client_connection_pending_requests', pool, 0];
  for (const name of [
    'nodejs_eventloop_delay_p99_seconds',
    'nodejs_eventloop_utilization_ratio',
    'golden_signals_heartbeat_interval_seconds',
    'container_memory_available_bytes',
    'golden_signals_container_memory_limit_bytes',
  ])
    yield [name, base, 0];
  yield ['golden_signals_heartbeat_timestamp_seconds', base, everyMs / 1_000];
}

const engine = new AlertEngine({
  groups: specsOf(createRuleGroups(resolveRules())),
  clock: { now: () => performance.now(), epochMs: () => 0 },
  timers: { set: () => undefined, clear: () => {} },
  maxIntervalMs: intervalMs,
});
const writers = [];
for (let service = 0; service < services; service += 1) {
  for (const [name, labels, growth] of seriesOf(service))
    if (engine.store.isRead(name))
      writers.push({ writer: engine.store.writer(name, labels), growth, value: 1 });
}

globalThis.gc?.();
const heapBefore = process.memoryUsage();
const evaluations = [];
const cpu = [];
const holds = [];
let appended = 0;
let appendMs = 0;
let stallMs = 0;
let lastTurn = performance.now();
const watch = () => {
  const now = performance.now();
  stallMs = Math.max(stallMs, now - lastTurn);
  lastTurn = now;
  watching = setImmediate(watch);
};
let watching;
for (let at = 0; at <= endMs; at += everyMs) {
  const from = performance.now();
  for (const one of writers) {
    one.value += one.growth;
    one.writer.append(at, one.value);
  }
  appended += writers.length;
  appendMs += performance.now() - from;
  if (at % intervalMs !== 0) continue;
  lastTurn = performance.now();
  watching = setImmediate(watch);
  stallMs = 0;
  const startedCpu = process.cpuUsage();
  const started = performance.now();
  await engine.evaluateDue(at);
  evaluations.push(performance.now() - started);
  const { user, system } = process.cpuUsage(startedCpu);
  cpu.push((user + system) / 1_000);
  holds.push(Math.max(stallMs, performance.now() - lastTurn));
  clearImmediate(watching);
}
globalThis.gc?.();
const heapAfter = process.memoryUsage();
const { series, samples, bytes, evictedSeries } = engine.store.stats;
const failed = engine.rules().filter(({ failure }) => failure !== undefined);
if (failed.length > 0) throw new Error(`${failed[0].name}: ${failed[0].failure}`);

// The first evaluations meet all series at once, and code that has not been compiled.
const settled = (all) => all.slice(Math.floor(all.length / 4));
const grown = heapAfter.heapUsed + heapAfter.arrayBuffers - heapBefore.heapUsed - heapBefore.arrayBuffers;
const mebibytes = (count) => `${(count / 2 ** 20).toFixed(1)} MiB`;
console.log(describeMachine());
console.log(
  `${services} services, ${writers.length} series fed, ${engine.rules().length} rules, ${values.minutes} min`,
);
console.log(
  `kept: ${series} series, ${samples} samples, ${mebibytes(bytes)} counted, ${mebibytes(grown)} measured, ${evictedSeries} evicted`,
);
console.log(`append: ${((appendMs / appended) * 1e6).toFixed(0)} ns a sample`);
for (const [name, all] of [
  ['evaluation of all rules', evaluations],
  ['its CPU time', cpu],
  ['longest hold of the event loop in one', holds],
]) {
  const later = settled(all);
  console.log(
    `${name}: median ${median(later).toFixed(1)} ms, p99 ${quantile(later, 0.99).toFixed(1)} ms, the first ${all[0].toFixed(1)} ms and ${all[1].toFixed(1)} ms`,
  );
}
console.log(`CPU time a service and evaluation: ${(median(settled(cpu)) / services).toFixed(3)} ms`);
