import { missingBounds } from '../../rules/bucket-bounds.js';
import type { RuleConfig } from '../../rules/rule-options.js';
import { FORMER_POOL_LIMIT, prometheusName, SERIES, type SeriesId } from '../../rules/series.js';
import type { Exposition, Sample } from './exposition.js';
import type { Finding } from './finding.js';

const duration = prometheusName(SERIES.serverDuration);

/** What the metrics of a running service say: whether the rules find what they read, and what is wrong right now. */
export function checkMetrics(metrics: Exposition, rules: RuleConfig, nowS: number): readonly Finding[] {
  const of = (id: SeriesId): readonly Sample[] => {
    const name = prometheusName(SERIES[id]);
    return metrics.get(name) ?? metrics.get(name.replace(/_ratio$/, '')) ?? [];
  };
  return [
    ...checkSeries(metrics, of),
    ...checkBounds(metrics, rules),
    ...checkPools(metrics, of),
    ...checkOverflow(metrics),
    ...checkNow(of, rules, nowS),
  ];
}

function checkSeries(metrics: Exposition, of: (id: SeriesId) => readonly Sample[]): Finding[] {
  const findings: Finding[] = [];
  if (!metrics.has(`${duration}_count`)) {
    const isOfficial = metrics.has('http_server_request_duration_count');
    findings.push({
      id: isOfficial ? 'metric-names' : 'requests-missing',
      severity: isOfficial ? 'error' : 'warning',
      what: isOfficial
        ? "request durations are named without their unit, as OpenTelemetry's exporter for JavaScript does: the rules read another name"
        : `there is no ${duration}: no request was measured yet, or metrics are off`,
      cure: isOfficial
        ? 'scrape the /metrics of golden-signals (metrics.prometheus), or rename them by metric_relabel_configs'
        : 'send one request that is no probe and ask again',
    });
  }
  const expected = ['loopDelayP99', 'loopUtilization', 'heartbeatTimestamp', 'heartbeatInterval'] as const;
  const missing = expected.filter((id) => of(id).length === 0).map((id) => prometheusName(SERIES[id]));
  if (missing.length > 0) {
    findings.push({
      id: 'series-missing',
      severity: 'warning',
      what: `rules read what is not there: ${missing.join(', ')}`,
      cure: 'see whether heartbeat or metrics are switched off in the options, and which version is installed',
    });
  }
  return findings;
}

function checkBounds(metrics: Exposition, rules: RuleConfig): Finding[] {
  const buckets = metrics.get(`${duration}_bucket`);
  if (buckets === undefined) return [];
  const bounds = [...new Set(buckets.map(({ labels }) => Number(labels.le)))].filter(Number.isFinite);
  return missingBounds(rules, bounds).map(({ effect, thresholdS }) => ({
    id: 'threshold-without-bound',
    severity: 'warning',
    what: effect,
    cure: `add ${thresholdS} to metrics.boundaries`,
  }));
}

function checkPools(metrics: Exposition, of: (id: SeriesId) => readonly Sample[]): Finding[] {
  const key = 'db_client_connection_pool_name';
  const limits = [...of('poolLimit'), ...(metrics.get(prometheusName(FORMER_POOL_LIMIT)) ?? [])];
  const bounded = new Set(limits.map(({ labels }) => labels[key]));
  const pools = new Set(of('poolCount').map(({ labels }) => labels[key] ?? 'unnamed'));
  return [...pools]
    .filter((pool) => !bounded.has(pool))
    .map((pool) => ({
      id: 'pool-without-max',
      severity: 'warning',
      what: `pool ${pool} reports no max: DbPoolSaturated can never fire for it, only DbPoolQueueing`,
      cure: 'give the pool a max, and hand it over: pools: { name: pool }, or signals.pool(name, pool)',
    }));
}

function checkOverflow(metrics: Exposition): Finding[] {
  const names = [...metrics].flatMap(([name, samples]) =>
    samples.some(({ labels }) => labels.otel_metric_overflow === 'true') ? [name] : [],
  );
  const families = new Set(names.map((name) => name.replace(/_(bucket|count|sum)$/, '')));
  if (families.size === 0) return [];
  return [
    {
      id: 'series-overflow',
      severity: 'warning',
      what: `too many series: ${[...families].join(', ')} have some that are counted together`,
      cure: 'find the attribute that never repeats, mostly a path in http.route or a host per tenant',
    },
  ];
}

function checkNow(of: (id: SeriesId) => readonly Sample[], rules: RuleConfig, nowS: number): Finding[] {
  const findings: Finding[] = [];
  const dropped = of('dropped').filter(({ value }) => value > 0);
  if (dropped.length > 0) {
    const reasons = dropped.map(
      ({ labels, value }) => `${value} ${labels.golden_signals_reason ?? 'unknown'}`,
    );
    findings.push({
      id: 'telemetry-dropped',
      severity: 'warning',
      what: `telemetry was given up since the start: ${reasons.join(', ')}`,
      cure: 'queue_full: OTEL_BSP_MAX_QUEUE_SIZE or sampling; export_failed and rejected: the collector; series_limit: attributes that never repeat; keep_limit: traces.keep',
    });
  }
  for (const { labels, value } of of('breakerState')) {
    const state = labels.golden_signals_breaker_state ?? '';
    if (value !== 1 || state === 'closed') continue;
    findings.push({
      id: 'breaker-open',
      severity: 'warning',
      what: `the circuit breaker of ${labels.golden_signals_breaker_name ?? 'an upstream'} is ${state}`,
      cure: 'look at the upstream; the breaker closes by itself when calls succeed again, unless it was forced',
    });
  }
  for (const { labels, value } of of('healthStatus')) {
    if (value > 0) continue;
    findings.push({
      id: 'check-failing',
      severity: 'warning',
      what: `health check ${labels.golden_signals_health_check ?? ''} fails`,
      cure: 'see /health for its output',
    });
  }
  const beat = of('heartbeatTimestamp')[0]?.value ?? 0;
  const interval = of('heartbeatInterval')[0]?.value ?? 0;
  const ageS = nowS - beat;
  if (beat > 0 && interval > 0 && ageS > rules.heartbeatIntervals * interval) {
    findings.push({
      id: 'heartbeat-stale',
      severity: 'error',
      what: `the last heartbeat is ${Math.round(ageS)} s old, at an interval of ${interval} s`,
      cure: 'the process hangs, makes no progress (progressWindowMs), or its clock and this one differ',
    });
  }
  return findings;
}
