import { isAlert, type RuleGroup } from '../../../src/rules/rule.js';
import { createRuleGroups } from '../../../src/rules/rule-groups.js';
import { resolveRules } from '../../../src/rules/rule-options.js';
import { breakerScenarios } from './breaker-scenarios.js';
import { expectedJobs, livenessScenarios } from './liveness-scenarios.js';
import type { Trial } from './promtool.js';
import { requestScenarios } from './request-scenarios.js';
import { saturationScenarios } from './saturation-scenarios.js';
import { availabilityScenarios, latencyScenarios } from './slo-scenarios.js';

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

/** Every scenario, by the group of rules that it tries. */
export const trials: Readonly<Record<string, Trial>> = {
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
