import { resolve } from 'node:path';
import type { Command } from './command.js';
import { checkRunning } from './doctor/check-running.js';
import { diagnosisOf, textOf } from './doctor/diagnosis.js';
import { findingsIn } from './doctor/folder-findings.js';
import { parseDuration } from './quantity.js';
import { latencyFlags, rulesFrom } from './rule-flags.js';
import { UsageError } from './usage-error.js';

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'check the set-up of a service: its folder, or one that runs',
  operands: '[folder]',
  maxOperands: 1,
  flags: {
    url: { value: 'url', help: 'ask the service that runs there, and no folder unless one is named' },
    ...latencyFlags,
    budget: { value: 'time', help: 'what a shutdown may take, shutdown.budgetMs (25s)' },
    strict: { help: 'exit code 1 for warnings too' },
    json: { help: 'findings as JSON' },
  },
  notes: [
    'Without a folder and a URL: the current folder. Exit code 1 if there are errors.',
    'Nothing is changed; the collector of this environment gets an empty export.',
  ],
  async run(given, terminal) {
    const url = urlFrom(given.value('url'));
    const rules = rulesFrom(given);
    const budgetS = parseDuration('budget', given.value('budget'));
    const folder = given.positionals[0] ?? (url === undefined ? '.' : undefined);
    const diagnosis = diagnosisOf([
      ...(folder === undefined ? [] : await findingsIn(resolve(terminal.cwd, folder), terminal, budgetS)),
      ...(url === undefined ? [] : await checkRunning(url, rules)),
    ]);
    terminal.out(given.isSet('json') ? `${JSON.stringify(diagnosis, null, 2)}\n` : textOf(diagnosis));
    const { errors, warnings } = diagnosis;
    return errors > 0 || (given.isSet('strict') && warnings > 0) ? 1 : 0;
  },
};

function urlFrom(typed: string | undefined): URL | undefined {
  if (typed === undefined) return undefined;
  const url = URL.canParse(typed) ? new URL(typed) : undefined;
  // The value stays out of the message: it may hold a password.
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UsageError('--url takes an http or https URL, such as http://localhost:3000');
  return url;
}
