import { type AttributeLimits, resolveAttributeLimits } from '../core/attribute-limits.js';
import { bool, record } from '../core/check.js';
import type { Environment } from '../core/environment.js';
import { type QueueConfig, resolveQueue } from '../core/queue-config.js';

export interface LogOptions {
  /**
   * Adds `trace_id`, `span_id` and `trace_flags` of the active span to the lines of fastify's own logger and of `console`; pino and
   * winston take theirs from {@link traceFields} and `golden-signals/winston`. @default false
   */
  readonly correlate?: boolean;
  /**
   * Exports log records over OTLP: those of pino, fastify's logger and `console`, of winston with its transport, of the OpenTelemetry
   * logs API, and the exceptions that end requests. @default false, or true when OTEL_LOGS_EXPORTER names an exporter
   */
  readonly export?: boolean;
}

export interface LogConfig {
  readonly isCorrelated: boolean;
  /** Empty where nothing is exported. */
  readonly exporters: readonly string[];
  /** OTEL_LOGRECORD_* and OTEL_ATTRIBUTE_*. */
  readonly limits: AttributeLimits;
  /** OTEL_BLRP_*. */
  readonly queue: QueueConfig;
}

export function resolveLogs(given: LogOptions, env: Environment, isDisabled: boolean): LogConfig {
  record('logs', given, ['correlate', 'export']);
  const { correlate = false, export: exported } = given;
  bool('logs.correlate', correlate);
  if (exported !== undefined) bool('logs.export', exported);
  const named = env.list(
    'OTEL_LOGS_EXPORTER',
    ['otlp', 'console', 'none'],
    exported === true ? ['otlp'] : [],
  );
  // A list of nothing but unknown names is no way to turn exporting off: 'none' is.
  const asked = named.length === 0 && exported === true ? ['otlp'] : named;
  return Object.freeze({
    isCorrelated: correlate,
    exporters: isDisabled || exported === false ? [] : asked.filter((name) => name !== 'none'),
    limits: resolveAttributeLimits('LOGRECORD', env),
    queue: resolveQueue('OTEL_BLRP', 1_000, env),
  });
}
