import { isError } from '../core/is-error.js';
import { VERSION } from '../version.js';
import { hintOf, parseArguments } from './arguments.js';
import type { Command, ExitCode } from './command.js';
import { consoleCommand } from './console-command.js';
import { dashboardCommand } from './dashboard-command.js';
import { doctorCommand } from './doctor-command.js';
import { helpOf, helpOfCommand } from './help.js';
import { initCommand } from './init-command.js';
import { rulesCommand } from './rules-command.js';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';

const program = 'golden-signals';

const commands: readonly Command[] = [
  consoleCommand,
  initCommand,
  rulesCommand,
  dashboardCommand,
  doctorCommand,
];

/** Does what was typed after the program's name. Never rejects. */
export async function run(typed: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [name, ...rest] = typed;
  if (name === undefined) {
    terminal.err(helpOf(program, commands));
    return 2;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    terminal.out(helpOf(program, commands));
    return 0;
  }
  if (name === '--version') {
    terminal.out(`${VERSION}\n`);
    return 0;
  }
  const command = commands.find((one) => one.name === name);
  if (command === undefined) {
    terminal.err(
      `${program}: ${name} is unknown${hintOf(
        name,
        commands.map((one) => one.name),
      )}`,
    );
    return 2;
  }
  try {
    const given = parseArguments(command, rest);
    if (given.isHelp) {
      terminal.out(helpOfCommand(program, command));
      return 0;
    }
    return await command.run(given, terminal);
  } catch (error) {
    const isUsage = error instanceof UsageError;
    terminal.err(`${program} ${name}: ${isError(error) ? error.message : String(error)}`);
    if (isUsage) terminal.err(`${program} ${name} --help lists its options`);
    return isUsage ? 2 : 1;
  }
}
