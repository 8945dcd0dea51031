import { Refusal } from '../http/refusal.js';
import { traceWords } from '../receive/words.js';
import type { Store } from '../store/store.js';
import { logFilter, matching } from './log-filter.js';
import type { Query } from './query.js';
import { TimeSlice } from './time-slice.js';
import { LEVELS, logRow } from './views.js';

const leastStepMs = 1_000;
const mostSteps = 240;
const rowsPerSlice = 512;

/** How many log lines there were over time, by level; of those that are asked for as in a search. @throws Refusal */
export async function logHistogram(store: Store, query: Query) {
  const { fromMs, toMs } = query.window();
  const wantedMs = Math.max(leastStepMs, query.durationMs('step') ?? (toMs - fromMs) / 60);
  const stepMs = Math.ceil(Math.max(wantedMs, (toMs - fromMs) / mostSteps) / leastStepMs) * leastStepMs;
  const startMs = Math.floor(fromMs / stepMs) * stepMs;
  const steps = Math.ceil((toMs - startMs) / stepMs);
  const counts = Array.from({ length: steps }, () => new Array<number>(LEVELS.length + 1).fill(0));
  const filter = logFilter(store, query, fromMs, toMs);
  const add = (timeMs: number, severity: number) => {
    const step = counts[Math.floor((timeMs - startMs) / stepMs)];
    const level = severity === 0 ? LEVELS.length : Math.floor((severity - 1) / 4);
    if (step !== undefined) step[level] = (step[level] ?? 0) + 1;
  };
  const traceId = query.text('trace');
  const words = traceId === undefined ? undefined : traceWords(traceId);
  if (traceId !== undefined && words === undefined)
    throw new Refusal(400, 'trace takes the 32 hex digits of a trace id');
  if (words !== undefined) {
    for (const ref of store.ofTrace('logs', words)) {
      const row = logRow(store, ref);
      if (filter.matches(row)) add(row.timeMs, row.severity);
    }
  } else if (!filter.isVain) {
    const slice = new TimeSlice();
    for (const segment of store.segments('logs', filter.service)) {
      if (!filter.mayHave(segment)) continue;
      const { columns } = segment;
      for (let row = 0; row < segment.rows; row += 1) {
        if (row % rowsPerSlice === 0) await slice.rest();
        if (!filter.mayMatch(segment, row)) continue;
        if (filter.isCold && matching(store, filter, segment, row) === undefined) continue;
        add(store.startMs + (columns.start[row] as number) / 1e6, columns.kind[row] as number);
      }
    }
  }
  return {
    fromMs: startMs,
    toMs,
    stepMs,
    // The last one is for lines that name no level.
    levels: [...LEVELS, 'unspecified'],
    steps: counts.map((own, index) => ({ timeMs: startMs + index * stepMs, counts: own })),
  };
}
