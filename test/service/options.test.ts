import { describe, expect, test } from 'vitest';
import { GoldenSignalsError, instrument } from '../../src/index.js';

/** Options are checked before anything is built, so that a mistake leaves nothing behind. */
const message = (options: unknown): string => {
  try {
    void instrument(undefined, options as never).shutdown();
  } catch (error) {
    expect(error).toBeInstanceOf(GoldenSignalsError);
    expect((error as GoldenSignalsError).code).toBe('ERR_GS_OPTION');
    return (error as Error).message;
  }
  throw new Error('the options were taken');
};

describe('an option', () => {
  test.each([
    ['service', 7, 'option service must be an object, got 7'],
    ['service', '', 'option service must be a string with at least one character, got ""'],
    ['service', [], 'option service must be an object, got an array of 0'],
    ['service', { nam: 'x' }, 'option service.nam is unknown: did you mean name?'],
    ['service', { name: '' }, 'option service.name must be a string with at least one character, got ""'],
    ['service', { version: 1 }, 'option service.version must be a string with at least one character, got 1'],
    [
      'service',
      { namespace: null },
      'option service.namespace must be a string with at least one character, got null',
    ],
    [
      'service',
      { instanceId: {} },
      'option service.instanceId must be a string with at least one character, got an object (Object)',
    ],
    [
      'ignore',
      '/health',
      'option ignore must be an array of paths and regular expressions, or a function, got "/health"',
    ],
    [
      'ignore',
      ['health'],
      'option ignore[0] must be a path that begins with \'/\' or a regular expression, got "health"',
    ],
    [
      'ignore',
      ['/a', 7],
      "option ignore[1] must be a path that begins with '/' or a regular expression, got 7",
    ],
    ['traces', true, 'option traces must be an object, got true'],
    ['traces', { sampelRatio: 1 }, 'option traces.sampelRatio is unknown: did you mean sampleRatio?'],
    ['traces', { sampleRatio: 1.5 }, 'option traces.sampleRatio must be a number from 0 to 1, got 1.5'],
    ['traces', { sampleRatio: -0.1 }, 'option traces.sampleRatio must be a number from 0 to 1, got -0.1'],
    [
      'traces',
      { sampleRatio: Number.NaN },
      'option traces.sampleRatio must be a number from 0 to 1, got NaN',
    ],
    ['traces', { sampleRatio: '1' }, 'option traces.sampleRatio must be a number from 0 to 1, got "1"'],
    [
      'traces',
      { edge: 'reset' },
      "option traces.edge must be 'continue', 'restart' or a function, got \"reset\"",
    ],
    [
      'traces',
      { processors: {} },
      'option traces.processors must be an array of span processors, got an object (Object)',
    ],
    [
      'traces',
      { processors: [{ onStart() {} }] },
      'option traces.processors[0] must be a span processor (onStart, onEnd, forceFlush, shutdown), got an object (Object)',
    ],
    ['metrics', 'on', 'option metrics must be an object, got "on"'],
    ['metrics', { interval: 1 }, 'option metrics.interval is unknown: did you mean intervalMs?'],
    ['metrics', { intervalMs: 0 }, 'option metrics.intervalMs must be a number above 0, got 0'],
    [
      'metrics',
      { intervalMs: Number.POSITIVE_INFINITY },
      'option metrics.intervalMs must be a number above 0, got Infinity',
    ],
    ['metrics', { intervalMs: '60s' }, 'option metrics.intervalMs must be a number above 0, got "60s"'],
    [
      'metrics',
      { boundaries: [] },
      'option metrics.boundaries must be a rising list of 1 to 200 numbers, got an array of 0',
    ],
    [
      'metrics',
      { boundaries: [1, 1] },
      'option metrics.boundaries must be a rising list of 1 to 200 numbers, got an array of 2',
    ],
    [
      'metrics',
      { boundaries: [2, 1] },
      'option metrics.boundaries must be a rising list of 1 to 200 numbers, got an array of 2',
    ],
    [
      'metrics',
      { boundaries: [1, Number.NaN] },
      'option metrics.boundaries must be a rising list of 1 to 200 numbers, got an array of 2',
    ],
    [
      'metrics',
      { boundaries: Array.from({ length: 201 }, (_, index) => index) },
      'option metrics.boundaries must be a rising list of 1 to 200 numbers, got an array of 201',
    ],
    [
      'metrics',
      { readers: {} },
      'option metrics.readers must be an array of metric readers, got an object (Object)',
    ],
    [
      'metrics',
      { readers: [{}] },
      'option metrics.readers[0] must be a metric reader, got an object (Object)',
    ],
    ['trace', {}, 'option trace is unknown: did you mean traces?'],
    ['metric', {}, 'option metric is unknown: did you mean metrics?'],
    ['Service', 'x', 'option Service is unknown: did you mean service?'],
    ['helth', {}, 'option helth is unknown: did you mean health?'],
  ])('that is wrong is an error which says what is right: %s', (name, value, expected) => {
    expect(message({ [name]: value })).toBe(expected);
  });

  test('with a name that is like no other is answered with all of them', () => {
    expect(message({ frobnicate: true })).toMatch(
      /^option frobnicate is unknown: known are service, ignore, traces, metrics/,
    );
  });

  test.each([7, 'x', [], () => {}])('has to come in an object: %o', (options) => {
    expect(message(options)).toMatch(/^option options must be an object, got /);
  });

  test('that is right is taken, and nothing of the caller’s is changed', async () => {
    const freeze = (value: object): object => {
      for (const inner of Object.values(value))
        if (typeof inner === 'object' && inner !== null) freeze(inner);
      return Object.freeze(value);
    };
    const options = freeze({
      service: { name: 'shop', version: '1', namespace: 'test', instanceId: 'a' },
      ignore: ['/a', '/b*'],
      traces: { sampleRatio: 0.5, edge: 'restart', processors: [] },
      metrics: { intervalMs: 1_000, boundaries: [1, 2], readers: [] },
    });
    process.env.OTEL_TRACES_EXPORTER = 'none';
    process.env.OTEL_METRICS_EXPORTER = 'none';

    await instrument(undefined, options as never).shutdown();
  });
});
