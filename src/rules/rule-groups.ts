import { breakerRules } from './breaker-rules.js';
import { livenessRules } from './liveness-rules.js';
import { redRules } from './red-rules.js';
import type { RuleGroup } from './rule.js';
import type { RuleConfig } from './rule-options.js';
import { saturationRules } from './saturation-rules.js';
import { sloRules } from './slo-rules.js';

/** All rules, in the order in which they are to be evaluated: objectives read what the first group records. */
export function createRuleGroups(config: RuleConfig): readonly RuleGroup[] {
  return [
    { name: 'golden-signals-requests', intervalS: 30, rules: redRules(config) },
    { name: 'golden-signals-saturation', intervalS: 30, rules: saturationRules(config) },
    { name: 'golden-signals-breakers', intervalS: 15, rules: breakerRules(config) },
    { name: 'golden-signals-liveness', intervalS: 15, rules: livenessRules(config) },
    { name: 'golden-signals-slo', intervalS: 60, rules: sloRules(config) },
  ];
}
