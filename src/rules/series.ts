import { familyName } from '../core/prometheus-names.js';

/** An instrument as this library emits it, by the names of OpenTelemetry. */
export interface SeriesKind {
  readonly name: string;
  readonly kind: 'counter' | 'updowncounter' | 'gauge' | 'histogram';
  readonly unit: string;
}

/**
 * Every metric that the rules, the dashboard or the doctor read. Tests compare it with the instruments of real services, so that no rule
 * reads a series that does not exist.
 */
export const SERIES = {
  serverDuration: { name: 'http.server.request.duration', kind: 'histogram', unit: 's' },
  serverActive: { name: 'http.server.active_requests', kind: 'updowncounter', unit: '{request}' },
  clientDuration: { name: 'http.client.request.duration', kind: 'histogram', unit: 's' },
  poolCount: { name: 'db.client.connection.count', kind: 'updowncounter', unit: '{connection}' },
  poolLimit: { name: 'db.client.connection.limit', kind: 'updowncounter', unit: '{connection}' },
  poolPending: { name: 'db.client.connection.pending_requests', kind: 'updowncounter', unit: '{request}' },
  databaseDuration: { name: 'db.client.operation.duration', kind: 'histogram', unit: 's' },
  loopDelayP50: { name: 'nodejs.eventloop.delay.p50', kind: 'gauge', unit: 's' },
  loopDelayP99: { name: 'nodejs.eventloop.delay.p99', kind: 'gauge', unit: 's' },
  loopUtilization: { name: 'nodejs.eventloop.utilization', kind: 'gauge', unit: '1' },
  cpuTime: { name: 'process.cpu.time', kind: 'counter', unit: 's' },
  memoryUsage: { name: 'process.memory.usage', kind: 'updowncounter', unit: 'By' },
  memoryAvailable: { name: 'container.memory.available', kind: 'updowncounter', unit: 'By' },
  memoryLimit: { name: 'golden_signals.container.memory.limit', kind: 'updowncounter', unit: 'By' },
  cpuPeriods: { name: 'golden_signals.container.cpu.periods', kind: 'counter', unit: '{period}' },
  cpuThrottled: { name: 'golden_signals.container.cpu.throttled.periods', kind: 'counter', unit: '{period}' },
  breakerState: { name: 'golden_signals.breaker.state', kind: 'gauge', unit: '{breaker}' },
  breakerRejected: { name: 'golden_signals.breaker.rejected', kind: 'counter', unit: '{call}' },
  breakerTransitions: { name: 'golden_signals.breaker.transitions', kind: 'counter', unit: '{transition}' },
  healthStatus: { name: 'golden_signals.health.status', kind: 'gauge', unit: '{status}' },
  heartbeatTimestamp: { name: 'golden_signals.heartbeat.timestamp', kind: 'gauge', unit: 's' },
  heartbeatInterval: { name: 'golden_signals.heartbeat.interval', kind: 'gauge', unit: 's' },
  overloadShed: { name: 'golden_signals.overload.shed', kind: 'counter', unit: '{request}' },
  dropped: { name: 'golden_signals.dropped', kind: 'counter', unit: '{item}' },
} as const satisfies Readonly<Record<string, SeriesKind>>;

export type SeriesId = keyof typeof SERIES;

/** What semantic conventions before 1.45 called `poolLimit`: an older service, or another library's pool, may still send it. */
export const FORMER_POOL_LIMIT: SeriesKind = { ...SERIES.poolLimit, name: 'db.client.connection.max' };

/** The limits of pools by either name, where `wrap` makes an expression of a selector. */
export function poolLimit(wrap: (selector: string) => string, matchers: readonly string[] = []): string {
  const former = prometheusName(FORMER_POOL_LIMIT);
  const selectors = [select('poolLimit', matchers), selector(former, matchers)];
  return selectors.map(wrap).join(' or ');
}

/** The name under which Prometheus knows an instrument, without the `_bucket`, `_sum` and `_count` of histograms. */
export function prometheusName({ name, kind, unit }: SeriesKind): string {
  const family = familyName(name, unit, kind)?.name ?? name;
  return kind === 'counter' ? `${family}_total` : family;
}

/**
 * A selector of the series of an instrument. A gauge of unit 1 is matched in both spellings that are about: the translation appends
 * `_ratio`, OpenTelemetry's own Prometheus exporter for JavaScript does not.
 */
export function select(id: SeriesId, matchers: readonly string[] = [], suffix = ''): string {
  const series: SeriesKind = SERIES[id];
  const name = prometheusName(series);
  const isRatio = series.kind === 'gauge' && series.unit === '1';
  if (isRatio)
    return `{${[`__name__=~"${name.slice(0, -'_ratio'.length)}(_ratio)?"`, ...matchers].join(',')}}`;
  return selector(name + suffix, matchers);
}

function selector(name: string, matchers: readonly string[]): string {
  return matchers.length === 0 ? name : `${name}{${matchers.join(',')}}`;
}
