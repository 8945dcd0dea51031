import { defaultBoundaries } from '../metrics/options.js';
import { missingBounds } from '../rules/bucket-bounds.js';
import { createRuleGroups } from '../rules/rule-groups.js';
import { toYaml } from '../rules/rule-yaml.js';
import type { Command } from './command.js';
import { ruleFlags, rulesFrom } from './rule-flags.js';

export const rulesCommand: Command = {
  name: 'rules',
  summary: 'print alerting rules for Prometheus',
  operands: '',
  maxOperands: 0,
  flags: { ...ruleFlags, json: { help: 'the same as JSON' } },
  notes: ['golden-signals rules --p99 1s --job orders --job payments > rules.yml'],
  run(given, terminal) {
    const config = rulesFrom(given);
    for (const { effect, thresholdS } of missingBounds(config, defaultBoundaries)) {
      terminal.err(`${effect}, unless metrics.boundaries of the services holds ${thresholdS}`);
    }
    const groups = createRuleGroups(config);
    terminal.out(given.isSet('json') ? `${JSON.stringify({ groups }, null, 2)}\n` : toYaml(groups));
    return 0;
  },
};
