import { createDashboard } from '../rules/dashboard.js';
import type { Command } from './command.js';
import { ruleFlags, rulesFrom } from './rule-flags.js';

export const dashboardCommand: Command = {
  name: 'dashboard',
  summary: 'print a Grafana dashboard of the same signals, as JSON',
  operands: '',
  maxOperands: 0,
  flags: {
    p99: ruleFlags.p99,
    'error-ratio': ruleFlags['error-ratio'],
    pool: ruleFlags.pool,
    'loop-delay': ruleFlags['loop-delay'],
    json: { help: 'as JSON, which it always is' },
  },
  notes: ['golden-signals dashboard > dashboard.json; in Grafana: Dashboards, New, Import.'],
  run(given, terminal) {
    terminal.out(`${JSON.stringify(createDashboard(rulesFrom(given)), null, 2)}\n`);
    return 0;
  },
};
