import { positive, record, reject } from '../core/check.js';
import type { Environment } from '../core/environment.js';
import { firstDelayMs } from '../core/first-delay.js';
import { maxTimerMs } from '../core/timers.js';
import { DEFAULT_METHODS } from './http-methods.js';
import type { MetricReader } from './metric-reader.js';
import { type PrometheusConfig, type PrometheusOptions, resolvePrometheus } from './prometheus-options.js';

export interface MetricOptions {
  /** How often metrics are exported, in milliseconds. @default 60_000, or OTEL_METRIC_EXPORT_INTERVAL */
  readonly intervalMs?: number;
  /**
   * Bucket bounds of the request durations, in seconds, rising. Bounds at your alert thresholds make quantiles right there.
   * @default those of the semantic conventions and 3
   */
  readonly boundaries?: readonly number[];
  /**
   * Lets Prometheus scrape the service; `{}` for `/metrics`, false for nowhere, not even on the management port, where it is otherwise.
   * @default `{}` if OTEL_METRICS_EXPORTER names `prometheus`
   */
  readonly prometheus?: false | PrometheusOptions;
  /** Metric readers of your own, of SDK 2 or 3, beside the exporters. @default [] */
  readonly readers?: readonly MetricReader[];
}

export interface MetricConfig {
  readonly intervalMs: number;
  /** Until the first export. */
  readonly firstDelayMs: number;
  readonly exportTimeoutMs: number;
  readonly boundaries: readonly number[];
  readonly readers: readonly MetricReader[];
  /** Undefined where nothing is to be scraped. */
  readonly prometheus: PrometheusConfig | undefined;
  readonly exporters: readonly string[];
  readonly methods: readonly string[];
  /** OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE. */
  readonly temporality: 'cumulative' | 'delta' | 'lowmemory';
  /** At most so many series an instrument; further ones share the overflow series. */
  readonly seriesLimit: number;
}

/**
 * The bounds of the HTTP conventions, and 3 s, the default threshold of the latency alert: a quantile read between 2.5 and 5
 * would call 2.6 s a breach of it.
 */
export const defaultBoundaries: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 3, 5, 7.5, 10,
];

export function resolveMetrics(given: MetricOptions, env: Environment): MetricConfig {
  record('metrics', given, ['intervalMs', 'boundaries', 'prometheus', 'readers']);
  const { intervalMs, boundaries = defaultBoundaries, prometheus, readers = [] } = given;
  if (intervalMs !== undefined) positive('metrics.intervalMs', intervalMs);
  if (!isRising(boundaries)) reject('metrics.boundaries', 'a rising list of 1 to 200 numbers', boundaries);
  if (!Array.isArray(readers)) reject('metrics.readers', 'an array of metric readers', readers);
  for (const [index, reader] of readers.entries()) {
    if (typeof reader?.setMetricProducer !== 'function')
      reject(`metrics.readers[${index}]`, 'a metric reader', reader);
  }
  const period = Math.min(intervalMs ?? env.integer('OTEL_METRIC_EXPORT_INTERVAL', 60_000), maxTimerMs);
  const exporters = env.list('OTEL_METRICS_EXPORTER', ['otlp', 'prometheus', 'console', 'none'], ['otlp']);
  return Object.freeze({
    intervalMs: period,
    firstDelayMs: firstDelayMs(period, (intervalMs ?? env.text('OTEL_METRIC_EXPORT_INTERVAL')) !== undefined),
    exportTimeoutMs: Math.min(env.integer('OTEL_METRIC_EXPORT_TIMEOUT', 30_000), period),
    boundaries: Object.freeze([...boundaries]),
    readers: Object.freeze([...readers]),
    prometheus: resolvePrometheus(prometheus, exporters.includes('prometheus')),
    // A list of nothing but unknown names is no way to turn exporting off: 'none' is.
    exporters: exporters.length === 0 ? ['otlp'] : exporters.filter((name) => name !== 'prometheus'),
    methods: methodsFrom(env.text('OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS')),
    temporality: env.oneOf(
      'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE',
      ['cumulative', 'delta', 'lowmemory'],
      'cumulative',
    ),
    seriesLimit: 2_000,
  });
}

function isRising(bounds: unknown): bounds is number[] {
  if (!Array.isArray(bounds) || bounds.length === 0 || bounds.length > 200) return false;
  return bounds.every((bound, index) => Number.isFinite(bound) && (index === 0 || bound > bounds[index - 1]));
}

function methodsFrom(variable: string | undefined): readonly string[] {
  if (variable === undefined) return DEFAULT_METHODS;
  return variable
    .split(',')
    .map((method) => method.trim())
    .filter((method) => method !== '');
}
