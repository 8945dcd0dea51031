import type { Terminal } from './terminal.js';

/**
 * 0: all is well; 1: it was done, and there are findings, or it could not be done; 2: it was not understood. Where a command of the user
 * was run, the code of that.
 */
export type ExitCode = number;

interface Flag {
  /** How its value is called in the help; undefined for one that is on or off. */
  readonly value?: string;
  readonly isRepeated?: boolean;
  readonly help: string;
}

export type Flags = Readonly<Record<string, Flag>>;

/** What was typed after the command's name. */
export interface Arguments {
  /** The last value given. */
  value(flag: string): string | undefined;
  values(flag: string): readonly string[];
  isSet(flag: string): boolean;
  readonly positionals: readonly string[];
  /** What stands behind `--`, of a command that takes another one; undefined where there is no `--`. */
  readonly command: readonly string[] | undefined;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** What follows the name, as in `[folder]`. */
  readonly operands: string;
  readonly maxOperands: number;
  /** What stands behind `--` is a command of the user. */
  readonly takesCommand?: true;
  readonly flags: Flags;
  /** Further lines of help. */
  readonly notes: readonly string[];
  run(given: Arguments, terminal: Terminal): ExitCode | Promise<ExitCode>;
}
