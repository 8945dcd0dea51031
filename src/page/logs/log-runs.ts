import type { LogRow } from '../data/answers.js';

/** A line, or lines after each other that differ in numbers only. */
export interface LogRun {
  readonly key: string;
  /** The newest. */
  readonly line: LogRow;
  readonly lines: readonly LogRow[];
}

/** So many lines alike are one row. */
export const LEAST_RUN = 3;

const lineKey = ({ timeMs, service, spanId, body }: LogRow) => `${timeMs} ${service} ${spanId} ${body}`;
const isAlike = (a: LogRow, b: LogRow) =>
  a.template === b.template && a.service === b.service && a.severity === b.severity;

/**
 * Folds lines that repeat. Services speak in between, so a run goes on over up to `reach` lines of others; it stands where its newest line
 * does. The keys are the same as long as the oldest line of a run is.
 */
export function foldRuns(lines: readonly LogRow[], open: ReadonlySet<string>, reach = 12): LogRun[] {
  const keys = uniqueKeys(lines);
  const runs: { first: number; last: number; members: number[] }[] = [];
  const recent = new Map<string, { first: number; last: number; members: number[] }>();
  for (const [index, line] of lines.entries()) {
    const kind = `${line.service}\n${line.severity}\n${line.template}`;
    const known = recent.get(kind);
    if (known !== undefined && index - known.last <= reach && isAlike(lines[known.first] as LogRow, line)) {
      known.members.push(index);
      known.last = index;
      continue;
    }
    const run = { first: index, last: index, members: [index] };
    recent.set(kind, run);
    runs.push(run);
  }
  const rows: { at: number; run: LogRun }[] = [];
  const single = (index: number) =>
    rows.push({
      at: index,
      run: { key: keys[index] as string, line: lines[index] as LogRow, lines: [lines[index] as LogRow] },
    });
  for (const { members } of runs) {
    const key = `run ${keys[members.at(-1) as number]}`;
    if (members.length < LEAST_RUN) for (const index of members) single(index);
    else {
      const own = members.map((index) => lines[index] as LogRow);
      rows.push({ at: members[0] as number, run: { key, line: own[0] as LogRow, lines: own } });
      if (open.has(key)) for (const index of members.slice(1)) single(index);
    }
  }
  return rows.sort((a, b) => a.at - b.at).map(({ run }) => run);
}

/** Every line as a row of its own. */
export function singleRuns(lines: readonly LogRow[]): LogRun[] {
  const keys = uniqueKeys(lines);
  return lines.map((line, index) => ({ key: keys[index] as string, line, lines: [line] }));
}

/** Lines may be the same in all: they are counted from the oldest, so that a new one changes no key. */
function uniqueKeys(lines: readonly LogRow[]): string[] {
  const seen = new Map<string, number>();
  const keys = new Array<string>(lines.length);
  for (let index = lines.length - 1; index >= 0; index -= 1) {
    const key = lineKey(lines[index] as LogRow);
    const times = seen.get(key) ?? 0;
    seen.set(key, times + 1);
    keys[index] = times === 0 ? key : `${key} ${times}`;
  }
  return keys;
}
