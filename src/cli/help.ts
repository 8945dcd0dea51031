import type { Command, Flags } from './command.js';

export function helpOf(program: string, commands: readonly Command[]): string {
  const rows = commands.map(({ name, summary }) => [name, summary] as const);
  return [
    `${program} <command> [options]`,
    '',
    ...columns(rows),
    '',
    `${program} <command> --help lists the options of a command; --version prints the version.`,
    'Exit code: 0 all is well, 1 findings or a failure, 2 not understood.',
    '',
  ].join('\n');
}

export function helpOfCommand(program: string, command: Command): string {
  const head = [program, command.name, command.operands, '[options]'].filter((word) => word !== '').join(' ');
  return [
    head,
    '',
    `  ${command.summary}`,
    '',
    ...columns(flagRows(command.flags)),
    '',
    ...command.notes,
    '',
  ].join('\n');
}

function flagRows(flags: Flags): (readonly [string, string])[] {
  const rows = Object.entries(flags).map(
    ([name, { value, help }]) => [value === undefined ? `--${name}` : `--${name} <${value}>`, help] as const,
  );
  return [...rows, ['-h, --help', 'this text']];
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
