import { describe, expect, test } from 'vitest';
import { defaultBoundaries } from '../../src/metrics/options.js';
import { missingBounds } from '../../src/rules/bucket-bounds.js';
import { anyOf, bucket, duration, number } from '../../src/rules/promql.js';
import { type RuleOptions, resolveRules } from '../../src/rules/rule-options.js';

describe('the options of the rules', () => {
  test('are complete and frozen', () => {
    const config = resolveRules();
    expect(config).toMatchObject({ p99S: 3, errorRatio: 0.01, availabilityPercent: 99.9, jobs: [] });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.latency)).toBe(true);
  });

  test.each<[string, RuleOptions, RuleOptions]>([
    ['rules.windowS', { windowS: 15 }, { windowS: 14 }],
    ['rules.errorRatio', { errorRatio: 0.999 }, { errorRatio: 1 }],
    ['rules.errorRatio', { errorRatio: 0.000_1 }, { errorRatio: 0 }],
    ['rules.p99S', { p99S: 0.001 }, { p99S: 0 }],
    ['rules.poolRatio', { poolRatio: 0.99 }, { poolRatio: 1 }],
    ['rules.trafficDrop', { trafficDrop: 0.5 }, { trafficDrop: Number.NaN }],
    ['rules.heartbeatIntervals', { heartbeatIntervals: 1.5 }, { heartbeatIntervals: 1.4 }],
    ['rules.exportIntervalS', { exportIntervalS: 0 }, { exportIntervalS: -1 }],
    ['rules.breakerForS', { breakerForS: 0 }, { breakerForS: Number.POSITIVE_INFINITY }],
    ['rules.availabilityPercent', { availabilityPercent: 99.999 }, { availabilityPercent: 100 }],
    [
      'rules.latency.percent',
      { latency: { thresholdS: 1, percent: 50 } },
      { latency: { thresholdS: 1, percent: 100 } },
    ],
    [
      'rules.latency.thresholdS',
      { latency: { thresholdS: 1, percent: 50 } },
      { latency: { thresholdS: 0, percent: 50 } },
    ],
    ['rules.jobs[0]', { jobs: ['a'] }, { jobs: [''] }],
  ])('have bounds: %s', (path, right, wrong) => {
    expect(() => resolveRules(right)).not.toThrow();
    expect(() => resolveRules(wrong)).toThrow(
      expect.objectContaining({
        code: 'ERR_GS_OPTION',
        message: expect.stringContaining(`option ${path} must be`),
      }),
    );
  });

  test('a typo is told with the nearest name', () => {
    expect(() => resolveRules({ p99s: 1 } as RuleOptions)).toThrow('did you mean p99S?');
  });

  test('name each service once', () => {
    expect(resolveRules({ jobs: ['a', 'b', 'a'] }).jobs).toEqual(['a', 'b']);
  });
});

describe('a latency threshold', () => {
  test('is nothing to speak of where it is a bucket bound', () => {
    expect(missingBounds(resolveRules(), defaultBoundaries)).toEqual([]);
  });

  test('is told where it is none', () => {
    const config = resolveRules({ p99S: 4, latency: { thresholdS: 0.3, percent: 99 } });
    expect(
      missingBounds(config, defaultBoundaries).map(({ option, thresholdS }) => [option, thresholdS]),
    ).toEqual([
      ['p99S', 4],
      ['latency', 0.3],
    ]);
  });
});

describe('PromQL', () => {
  test.each([
    [0, '0s'],
    [0.5, '500ms'],
    [30, '30s'],
    [90, '90s'],
    [120, '2m'],
    [5_400, '90m'],
    [86_400, '1d'],
  ])('writes %d seconds as %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  test.each([
    [(100 - 99.9) / 100, '0.001'],
    [0.000_000_1, '0.0000001'],
    [0.1 + 0.2, '0.3'],
    [3, '3'],
  ])('writes %d as %s', (value, text) => {
    expect(number(value)).toBe(text);
  });

  test('matches a whole bound in both spellings, a fraction in its own', () => {
    expect(bucket(0.5)).toBe('le="0.5"');
    expect(bucket(3)).toBe(String.raw`le=~"3(\\.0)?"`);
  });

  test('matches names as they are, not as expressions', () => {
    expect(anyOf(['a.b', 'c'])).toBe(String.raw`"a\\.b|c"`);
  });
});
