import { run } from '../../../src/cli/run.js';

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What somebody sees who types this after `golden-signals`. */
export async function typed(
  words: readonly string[],
  { cwd = '/nowhere', env = {} }: { cwd?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<Ended> {
  let out = '';
  let err = '';
  const terminal = {
    out: (text: string) => {
      out += text;
    },
    err: (line: string) => {
      err += `${line}\n`;
    },
    cwd,
    env,
  };
  const code = await run(words, terminal);
  return { code, out, err };
}
