import { describe, expect, test } from 'vitest';
import { mutantsOf } from './support/mutations.js';
import { type Scenario, type Trial, tryRules } from './support/promtool.js';
import { trials } from './support/trials.js';

describe('the rules', () => {
  test.each(Object.keys(trials))('fire and keep silent where they should: %s', (name) => {
    const trial = trials[name] as Trial;
    const each = trial.scenarios.map((scenario: Scenario) => ({ ...trial, scenarios: [scenario] }));
    const verdicts = tryRules(each);
    const failed = verdicts.filter((verdict) => verdict !== undefined);
    expect(failed[0] ?? '').toBe('');
  });
});

/** Changes that change nothing: what is counted or asked for is there or not, whatever its value. */
const harmless: readonly string[] = [
  'DbPoolQueueing: max for sum',
  'HeartbeatMissing: min for max, or max for min',
  'HeartbeatMissing: min for max, or max for min (2)',
  // 14.4 * 0.001 is a bit more than 0.0144 in binary; the other rows try the sign.
  'SloBurnAvailability 14.4 1h 5m: also at the threshold',
];

/**
 * Hours and days of samples take their time. What is recorded over five minutes is tried with the requests; and both objectives are made by
 * one function, so that for the second one two rows and the windows are enough.
 */
const worthTrying: Readonly<Record<string, RegExp>> = {
  availability: /^SloBurn|errors:rate(?:30m|1h|2h|6h|1d|3d): another window/,
  latency:
    /^SloBurnLatency (?:14\.4|1) .*threshold (?:raised|lowered)|slow:rate(?:1h|6h|1d|3d): another window/,
};

describe('a wrong rule', () => {
  test.each(Object.keys(trials))('is caught, wherever it is wrong: %s', { timeout: 600_000 }, (name) => {
    const trial = trials[name] as Trial;
    const mutants = mutantsOf(trial.groups).filter(
      (mutant) => !harmless.includes(mutant.name) && (worthTrying[name]?.test(mutant.name) ?? true),
    );
    const verdicts = tryRules(mutants.map(({ groups }) => ({ ...trial, groups })));
    const survivors = mutants
      .filter((_, index) => verdicts[index] === undefined)
      .map((mutant) => mutant.name);
    expect(mutants.length).toBeGreaterThan(10);
    expect(survivors).toEqual([]);
  });
});
