/** What a command sees of the world, so that tests can be one. */
export interface Terminal {
  /** Writes to standard output. */
  out(text: string): void;
  /** Writes a line to standard error. */
  err(line: string): void;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}
