import { describe, expect, test } from 'vitest';
import { isAlert, type RuleGroup } from '../../src/rules/rule.js';
import { createRuleGroups } from '../../src/rules/rule-groups.js';
import { resolveRules } from '../../src/rules/rule-options.js';
import { breakerScenarios } from './support/breaker-scenarios.js';
import { expectedJobs, livenessScenarios } from './support/liveness-scenarios.js';
import { mutantsOf } from './support/mutations.js';
import { type Scenario, type Trial, tryRules } from './support/promtool.js';
import { requestScenarios } from './support/request-scenarios.js';
import { saturationScenarios } from './support/saturation-scenarios.js';
import { availabilityScenarios, latencyScenarios } from './support/slo-scenarios.js';

const groups = createRuleGroups(resolveRules({ jobs: expectedJobs }));
const named = (...names: string[]): RuleGroup[] =>
  groups.filter(({ name }) => names.includes(`${name}`.slice(15)));

/** Objectives are tried one by one, without the rules of the other: days of samples take their time. */
const objective = (otherAlert: string, otherRecord: string): RuleGroup[] =>
  named('requests', 'slo').map((group) => ({
    ...group,
    rules: group.rules.filter((rule) =>
      isAlert(rule) ? rule.signal === 'slo' && rule.alert !== otherAlert : !rule.record.includes(otherRecord),
    ),
  }));

const trials: Readonly<Record<string, Trial>> = {
  requests: { groups: named('requests'), evaluation: '1m', scenarios: requestScenarios },
  saturation: { groups: named('saturation'), evaluation: '30s', scenarios: saturationScenarios },
  breakers: { groups: named('breakers'), evaluation: '15s', scenarios: breakerScenarios },
  liveness: { groups: named('liveness'), evaluation: '15s', scenarios: livenessScenarios },
  availability: {
    groups: objective('SloBurnLatency', 'slow'),
    evaluation: '5m',
    scenarios: availabilityScenarios,
  },
  latency: {
    groups: objective('SloBurnAvailability', 'errors'),
    evaluation: '5m',
    scenarios: latencyScenarios,
  },
};

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
