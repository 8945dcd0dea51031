import { resolve } from 'node:path';
import type { Arguments, Command, ExitCode } from './command.js';
import { checkCollector } from './doctor/check-collector.js';
import { checkLibraries } from './doctor/check-libraries.js';
import { checkPackages } from './doctor/check-packages.js';
import { checkPods } from './doctor/check-pods.js';
import { checkRunning } from './doctor/check-running.js';
import type { Finding, FindingSeverity } from './doctor/finding.js';
import { installedIn } from './doctor/installed-packages.js';
import { podManifestsIn } from './doctor/pod-manifests.js';
import { parseDuration } from './quantity.js';
import { latencyFlags, rulesFrom } from './rule-flags.js';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';

/** The default of shutdown.budgetMs, in seconds; a test compares them. */
export const defaultBudgetS = 25;

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
    const findings = [
      ...(folder === undefined ? [] : await checkFolder(resolve(terminal.cwd, folder), terminal, budgetS)),
      ...(url === undefined ? [] : await checkRunning(url, rules)),
    ];
    return report(inOrder(findings), given, terminal);
  },
};

async function checkFolder(
  folder: string,
  { env }: Terminal,
  budgetS: number | undefined,
): Promise<readonly Finding[]> {
  const installed = installedIn(folder);
  const budget = budgetS ?? defaultBudgetS;
  const grace = env.TERMINATION_GRACE_PERIOD_SECONDS;
  return [
    ...(installed === undefined
      ? [noPackage]
      : [...checkPackages(installed, process.version, env), ...checkLibraries(installed)]),
    ...checkPods(podManifestsIn(folder), grace, budget),
    ...(await checkCollector(env)),
  ];
}

const noPackage: Finding = {
  id: 'no-package',
  severity: 'error',
  what: 'the folder has no package.json that can be read',
  cure: "name the service's folder",
};

function urlFrom(typed: string | undefined): URL | undefined {
  if (typed === undefined) return undefined;
  const url = URL.canParse(typed) ? new URL(typed) : undefined;
  // The value stays out of the message: it may hold a password.
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UsageError('--url takes an http or https URL, such as http://localhost:3000');
  return url;
}

const severities: readonly FindingSeverity[] = ['error', 'warning', 'note'];

function inOrder(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
}

function report(findings: readonly Finding[], given: Arguments, terminal: Terminal): ExitCode {
  const count = (severity: FindingSeverity) => findings.filter((one) => one.severity === severity).length;
  const errors = count('error');
  const warnings = count('warning');
  if (given.isSet('json')) terminal.out(`${JSON.stringify({ errors, warnings, findings }, null, 2)}\n`);
  else {
    for (const { severity, id, what, cure } of findings) {
      terminal.out(`${severity.padEnd(8)} ${id}: ${what}\n         → ${cure}\n`);
    }
    terminal.out(`${counted(errors, 'error')}, ${counted(warnings, 'warning')}\n`);
  }
  return errors > 0 || (given.isSet('strict') && warnings > 0) ? 1 : 0;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
