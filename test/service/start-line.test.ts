import { describe, expect, test } from 'vitest';
import { type Options, resolveOptions } from '../../src/service/options.js';
import { startLine } from '../../src/service/start-line.js';

/** What a service with these options says when it starts. */
function line(
  options: Options,
  variables: Record<string, string> = {},
  foreign: readonly string[] = [],
): string {
  const { config } = resolveOptions(
    { service: { name: 'orders', version: '1.4.0' }, ...options },
    variables,
    () => {},
  );
  return startLine(config, {
    isForeign: (signal) => foreign.includes(signal),
    collectorOf: (signal) => (signal === 'logs' ? 'http://logs:4318' : 'http://localhost:4318'),
  });
}

const probes = 'probes at /health, circuit breakers on';

describe('what a service says when it starts', () => {
  test('is what is on', () => {
    expect(line({})).toBe(`orders 1.4.0: traces and metrics to http://localhost:4318, ${probes}`);
  });

  test.each([
    [{ traces: false }, `metrics to http://localhost:4318, no traces, ${probes}`],
    [{ metrics: false }, `traces to http://localhost:4318, no metrics, ${probes}`],
    [{ traces: false, metrics: false }, `no telemetry, ${probes}`],
    [
      { logs: { export: true } },
      `traces and metrics to http://localhost:4318, logs to http://logs:4318, ${probes}`,
    ],
    [{ health: false }, 'traces and metrics to http://localhost:4318, no probes, circuit breakers on'],
    [
      { health: { path: '/healthz' } },
      'traces and metrics to http://localhost:4318, probes at /healthz, circuit breakers on',
    ],
    [
      { breaker: false },
      'traces and metrics to http://localhost:4318, probes at /health, circuit breakers off',
    ],
    [
      { metrics: { prometheus: { path: '/prom' } } },
      `traces and metrics to http://localhost:4318, metrics for Prometheus at /prom, ${probes}`,
    ],
    [
      { management: { port: 9090 } },
      'traces and metrics to http://localhost:4318, probes at /health, management at 127.0.0.1:9090, circuit breakers on',
    ],
    [{ traces: { sampleRatio: 0.05 } }, `5 % of traces and metrics to http://localhost:4318, ${probes}`],
  ] as [Options, string][])('follows the options: %j', (options, expected) => {
    expect(line(options)).toBe(`orders 1.4.0: ${expected}`);
  });

  test.each([
    [{ OTEL_SDK_DISABLED: 'true' }, `no telemetry, ${probes}`],
    [
      { OTEL_TRACES_EXPORTER: 'none' },
      `traces exported nowhere, metrics to http://localhost:4318, ${probes}`,
    ],
    [
      { OTEL_TRACES_EXPORTER: 'console' },
      `traces to standard output, metrics to http://localhost:4318, ${probes}`,
    ],
    [
      { OTEL_METRICS_EXPORTER: 'prometheus' },
      `traces to http://localhost:4318, metrics for Prometheus at /metrics, ${probes}`,
    ],
    [
      { OTEL_TRACES_SAMPLER: 'always_off' },
      `no traces of its own and metrics to http://localhost:4318, ${probes}`,
    ],
  ] as [Record<string, string>, string][])('follows the environment: %j', (variables, expected) => {
    expect(line({}, variables)).toBe(`orders 1.4.0: ${expected}`);
  });

  test('names the SDK of the application, where there is one', () => {
    expect(line({}, {}, ['traces', 'metrics'])).toBe(
      `orders 1.4.0: traces and metrics through the application's OpenTelemetry SDK, ${probes}`,
    );
  });
});
