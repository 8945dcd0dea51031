import { describe, expect, test } from 'vitest';
import { resolvePrometheus } from '../../src/metrics/prometheus-options.js';
import { type Options, resolveOptions } from '../../src/service/options.js';

const resolve = (options: unknown, variables = {}) =>
  resolveOptions(options as Options, variables, () => {}).config.metrics;

describe('the options of Prometheus', () => {
  test('have the path /metrics, on the servers where they are given', () => {
    expect(resolvePrometheus({}, false)).toEqual({ path: '/metrics', isOnServers: true });
    expect(resolvePrometheus({ path: '/internal/m' }, false)).toEqual({
      path: '/internal/m',
      isOnServers: true,
    });
  });

  test('keep the management port where they are not given, and nothing where they are false', () => {
    expect(resolvePrometheus(undefined, false)).toEqual({ path: '/metrics', isOnServers: false });
    expect(resolvePrometheus(false, true)).toBeUndefined();
  });

  test.each([
    ['prometheus', [], true],
    ['otlp,prometheus', ['otlp'], true],
    ['none', ['none'], false],
    ['nonsense', ['otlp'], false],
    ['', ['otlp'], false],
  ])('by OTEL_METRICS_EXPORTER=%s', (value, exporters, isOnServers) => {
    const metrics = resolve({}, { OTEL_METRICS_EXPORTER: value });
    expect(metrics?.exporters).toEqual(exporters);
    expect(metrics?.prometheus?.isOnServers).toBe(isOnServers);
  });

  test.each([true, 'on', null, 9464])('are an error for %s', (prometheus) => {
    expect(() => resolve({ metrics: { prometheus } })).toThrow(
      /^option metrics\.prometheus must be false or an object, such as \{\}, got /,
    );
  });

  test('know no other name', () => {
    expect(() => resolve({ metrics: { prometheus: { paht: '/m' } } })).toThrow(
      'option metrics.prometheus.paht is unknown: did you mean path?',
    );
  });

  test.each(['metrics', '/', '', '/metrics/', '/a b', '/a?b', '/a#b', `/${'a'.repeat(201)}`, 9464])(
    'have no path %s',
    (path) => {
      expect(() => resolve({ metrics: { prometheus: { path } } })).toThrow(
        "option metrics.prometheus.path must be a path that begins with '/' and does not end with it",
      );
    },
  );

  test('take a path of 200 characters', () => {
    const path = `/${'a'.repeat(199)}`;
    expect(resolve({ metrics: { prometheus: { path } } })?.prometheus?.path).toBe(path);
  });

  test('have no path that a probe has', () => {
    const metrics = { prometheus: { path: '/health/live' } };
    expect(() => resolve({ metrics })).toThrow(
      'option metrics.prometheus.path must be a path that no probe has, got "/health/live"',
    );
    expect(resolve({ metrics, health: false })?.prometheus?.path).toBe('/health/live');
  });
});
