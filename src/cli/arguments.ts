import { parseArgs } from 'node:util';
import { nearestOf } from '../core/check.js';
import type { Arguments, Command } from './command.js';
import { UsageError } from './usage-error.js';

/**
 * Reads what was typed after a command's name. `--help` is known to each.
 * @throws UsageError for an unknown option, with the nearest known name, a missing value, or more than the command takes.
 */
export function parseArguments(command: Command, all: readonly string[]): Arguments & { isHelp: boolean } {
  const dashes = command.takesCommand === true ? all.indexOf('--') : -1;
  const typed = dashes < 0 ? all : all.slice(0, dashes);
  const names = [...Object.keys(command.flags), 'help'];
  rejectUnknown(names, typed);
  const options = Object.fromEntries(
    Object.entries(command.flags).map(([name, { value }]) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple: true },
    ]),
  );
  const { values, positionals } = parsed(
    { ...options, help: { type: 'boolean', multiple: true, short: 'h' } },
    typed,
  );
  const given = (flag: string) => (values[flag] ?? []) as readonly (string | boolean)[];
  for (const [name, { value, isRepeated }] of Object.entries(command.flags)) {
    if (value !== undefined && isRepeated !== true && given(name).length > 1)
      throw new UsageError(`--${name} was given twice`);
  }
  if (positionals.length > command.maxOperands)
    throw new UsageError(`${positionals[command.maxOperands]} is one argument too many`);
  return {
    value: (flag) => given(flag).at(-1) as string | undefined,
    values: (flag) => given(flag).map(String),
    isSet: (flag) => given(flag).length > 0,
    positionals,
    command: dashes < 0 ? undefined : all.slice(dashes + 1),
    isHelp: given('help').length > 0,
  };
}

type ParseOptions = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>;

function parsed(options: ParseOptions, typed: readonly string[]) {
  try {
    return parseArgs({ args: [...typed], options, allowPositionals: true, strict: true });
  } catch (error) {
    // Its first sentence; the second one is about the quoting of odd names.
    throw new UsageError(String((error as Error).message).split(/\.\s|\n/)[0] as string);
  }
}

function rejectUnknown(names: readonly string[], typed: readonly string[]): void {
  for (const word of typed) {
    if (word === '--') return;
    const name = /^--([^=]+)/.exec(word)?.[1];
    if (name === undefined || names.includes(name)) continue;
    throw new UsageError(`--${name} is unknown${hintOf(name, names, '--')}`);
  }
}

/** The nearest known name, else all of them. */
export function hintOf(name: string, names: readonly string[], prefix = ''): string {
  const nearest = nearestOf(name, names);
  if (nearest !== undefined) return `: did you mean ${prefix}${nearest}?`;
  return `: known are ${names.map((known) => prefix + known).join(', ')}`;
}
