import { describe, expect, test } from 'vitest';
import { createEnvironment } from '../../src/core/environment.js';
import { type MetricOptions, resolveMetrics } from '../../src/metrics/options.js';
import { resolveTraces, type TraceOptions } from '../../src/trace/options.js';

const env = (variables: Record<string, string> = {}) => createEnvironment(variables, () => {});
const traces = (given: unknown, variables?: Record<string, string>) =>
  resolveTraces(given as TraceOptions, env(variables));
const metrics = (given: unknown, variables?: Record<string, string>) =>
  resolveMetrics(given as MetricOptions, env(variables));

/** The longest delay that a timer of Node holds; one more, and it fires at once. */
const longest = 2 ** 31 - 1;

describe('traces', () => {
  test('have the defaults of the specification', () => {
    expect(traces({})).toEqual({
      sampler: 'parentbased_always_on',
      sampleRatio: 1,
      edge: 'continue',
      processors: [],
      exporters: ['otlp'],
      queue: {
        maxQueueSize: 2_048,
        maxExportBatchSize: 512,
        scheduleDelayMs: 5_000,
        firstDelayMs: 1_000,
        exportTimeoutMs: 30_000,
      },
    });
  });

  test.each([
    [{ sampleRatio: 1.01 }, 'option traces.sampleRatio must be a number from 0 to 1, got 1.01'],
    [{ sampleRatio: -0.01 }, 'option traces.sampleRatio must be a number from 0 to 1, got -0.01'],
    [{ edge: 'stop' }, `option traces.edge must be 'continue', 'restart' or a function, got "stop"`],
    [{ processors: {} }, 'option traces.processors must be an array of span processors'],
    [{ processors: [{}] }, 'option traces.processors[0] must be a span processor'],
    [{ samplRatio: 1 }, 'option traces.samplRatio is unknown: did you mean sampleRatio?'],
    [[], 'option traces must be an object'],
  ])('%j is an error that says what is wrong', (given, message) => {
    expect(() => traces(given)).toThrow(message);
  });

  test('a ratio in the code follows the caller’s decision, whatever the environment says', () => {
    const given = { OTEL_TRACES_SAMPLER: 'always_off', OTEL_TRACES_SAMPLER_ARG: '0.1' };
    expect(traces({ sampleRatio: 0.5 }, given)).toMatchObject({
      sampler: 'parentbased_traceidratio',
      sampleRatio: 0.5,
    });
  });

  test('a batch is no larger than the queue, and no delay longer than a timer holds', () => {
    const { queue } = traces(
      {},
      {
        OTEL_BSP_MAX_QUEUE_SIZE: '10',
        OTEL_BSP_SCHEDULE_DELAY: String(longest + 1),
        OTEL_BSP_EXPORT_TIMEOUT: String(longest + 1),
      },
    );
    expect(queue).toEqual({
      maxQueueSize: 10,
      maxExportBatchSize: 10,
      scheduleDelayMs: longest,
      firstDelayMs: longest,
      exportTimeoutMs: longest,
    });
  });

  test.each([0, 999, 60_000])(
    'a delay that is set, of %i ms, is that of the first export as well',
    (delayMs) => {
      const { queue } = traces({}, { OTEL_BSP_SCHEDULE_DELAY: String(delayMs) });
      expect(queue).toMatchObject({ scheduleDelayMs: delayMs, firstDelayMs: delayMs });
    },
  );

  test('leave the caller’s list as it is, and are not changed by it later', () => {
    const processors: unknown[] = [];
    const config = traces({ processors });
    processors.push({});
    expect(config.processors).toEqual([]);
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(processors)).toBe(false);
  });
});

describe('metrics', () => {
  test('have the defaults of the specification, and a bound at the default alert', () => {
    expect(metrics({})).toMatchObject({
      intervalMs: 60_000,
      firstDelayMs: 1_000,
      exportTimeoutMs: 30_000,
      boundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 3, 5, 7.5, 10],
      readers: [],
      exporters: ['otlp'],
      temporality: 'cumulative',
      seriesLimit: 2_000,
    });
  });

  test.each([
    [{ intervalMs: 0 }, 'option metrics.intervalMs must be a number above 0, got 0'],
    [{ boundaries: [] }, 'option metrics.boundaries must be a rising list of 1 to 200 numbers'],
    [{ boundaries: [1, 1] }, 'option metrics.boundaries must be a rising list'],
    [{ boundaries: [1, Number.NaN] }, 'option metrics.boundaries must be a rising list'],
    [
      { boundaries: Array.from({ length: 201 }, (_, i) => i) },
      'option metrics.boundaries must be a rising list',
    ],
    [{ readers: [{}] }, 'option metrics.readers[0] must be a metric reader'],
    [{ reader: [] }, 'option metrics.reader is unknown: did you mean readers?'],
  ])('%j is an error that says what is wrong', (given, message) => {
    expect(() => metrics(given)).toThrow(message);
  });

  test('take 200 bounds', () => {
    const boundaries = Array.from({ length: 200 }, (_, i) => i);
    expect(metrics({ boundaries }).boundaries).toEqual(boundaries);
  });

  test('the interval of the code beats that of the environment; no export lasts longer than it', () => {
    const given = { OTEL_METRIC_EXPORT_INTERVAL: '5000' };
    expect(metrics({}, given)).toMatchObject({
      intervalMs: 5_000,
      firstDelayMs: 5_000,
      exportTimeoutMs: 5_000,
    });
    expect(metrics({ intervalMs: 200 }, given)).toMatchObject({
      intervalMs: 200,
      firstDelayMs: 200,
      exportTimeoutMs: 200,
    });
    expect(metrics({}, { OTEL_METRIC_EXPORT_INTERVAL: String(longest + 1) }).intervalMs).toBe(longest);
  });

  test('methods beyond the known ones replace those', () => {
    expect(metrics({}, { OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: 'GET, PURGE,' }).methods).toEqual([
      'GET',
      'PURGE',
    ]);
  });
});
