import { resolve } from 'node:path';
import type { Command } from './command.js';
import { type Diagnosis, diagnosisOf, textOf } from './doctor/diagnosis.js';
import { findingsIn } from './doctor/folder-findings.js';
import { type Plan, planFor } from './init/plan.js';
import { textOfPlan } from './init/plan-text.js';
import { replaceFile } from './init/replace-file.js';
import { readServiceFolder, type ServiceFolder } from './init/service-folder.js';

export const initCommand: Command = {
  name: 'init',
  summary: 'show, and with --write add, the lines that instrument a service; then run doctor',
  operands: '[folder]',
  maxOperands: 1,
  flags: {
    write: { help: 'add the lines, where there is one certain place for them' },
    file: { value: 'path', help: 'the file that makes the application, as seen from the folder' },
    json: { help: 'what was found and done as JSON' },
  },
  notes: [
    'Without a folder: the current one. Nothing is changed without --write, and nothing is installed.',
    'Exit code 1 if something is left to do: a line to add, or an error of the doctor.',
  ],
  async run(given, terminal) {
    const folder = resolve(terminal.cwd, given.positionals[0] ?? '.');
    const service = readServiceFolder(folder);
    const plan = service && planFor(folder, service, given.value('file'));
    const isWritten = given.isSet('write') && plan?.status === 'certain';
    if (isWritten) replaceFile(resolve(folder, plan.file), plan.before, plan.addition.text);
    const diagnosis = diagnosisOf(await findingsIn(folder, terminal));
    const outcome = { service, plan, isWritten, diagnosis };
    terminal.out(
      given.isSet('json') ? `${JSON.stringify(jsonOf(outcome), null, 2)}\n` : textOfOutcome(outcome),
    );
    return diagnosis.errors === 0 && (isWritten || plan?.status === 'present') ? 0 : 1;
  },
};

interface Outcome {
  readonly service: ServiceFolder | undefined;
  readonly plan: Plan | undefined;
  readonly isWritten: boolean;
  readonly diagnosis: Diagnosis;
}

function jsonOf({ service, plan, isWritten, diagnosis }: Outcome) {
  return {
    framework: plan?.framework,
    moduleSystem: plan?.moduleSystem,
    status: isWritten ? 'written' : plan?.status,
    where: plan?.status === 'present' ? plan.where : undefined,
    file: plan?.status === 'certain' ? plan.file : undefined,
    lines: plan?.status === 'certain' ? plan.addition.lines : undefined,
    reason: plan?.status === 'uncertain' ? plan.reason : undefined,
    example: plan?.status === 'uncertain' ? plan.example : undefined,
    install: service?.install,
    doctor: diagnosis,
  };
}

function textOfOutcome({ service, plan, isWritten, diagnosis }: Outcome): string {
  const install = service?.install === undefined ? '' : `${service.install}\n\n`;
  return `${plan === undefined ? '' : `${install}${textOfPlan(plan, isWritten)}\n`}doctor:\n${textOf(diagnosis)}`;
}
