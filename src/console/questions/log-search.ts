import { Refusal } from '../http/refusal.js';
import { traceWords } from '../receive/words.js';
import type { Store } from '../store/store.js';
import { logFilter, matching } from './log-filter.js';
import type { Query } from './query.js';
import { TimeSlice } from './time-slice.js';
import { type LogRow, logRow } from './views.js';

interface Match {
  readonly row: LogRow;
  readonly timeMs: number;
}

const rowsPerSlice = 128;
/** So many lines wait for their order at most. */
const mostWaiting = 50_000;

/** Log lines as asked for, newest first. @throws Refusal */
export async function* searchLogs(store: Store, query: Query, limit: number): AsyncGenerator<LogRow> {
  const traceId = query.text('trace');
  const words = traceId === undefined ? undefined : traceWords(traceId);
  if (traceId !== undefined && words === undefined)
    throw new Refusal(400, 'trace takes the 32 hex digits of a trace id');
  const { fromMs, toMs } = query.window(24 * 3_600_000);
  const filter = logFilter(store, query, fromMs, toMs);
  if (filter.isVain) return;
  if (words !== undefined) {
    const rows = store
      .ofTrace('logs', words, mostWaiting)
      .map((ref) => logRow(store, ref))
      .filter((row) => filter.matches(row))
      .sort((a, b) => b.timeMs - a.timeMs);
    yield* rows.slice(0, limit);
    return;
  }

  const slice = new TimeSlice();
  const segments = [...store.segments('logs', filter.service)]
    .filter((segment) => filter.mayHave(segment))
    .sort((a, b) => b.maxStart - a.maxStart);
  let waiting: Match[] = [];
  let given = 0;
  for (const [index, segment] of segments.entries()) {
    for (let row = segment.rows - 1; row >= 0; row -= 1) {
      if (row % rowsPerSlice === 0) await slice.rest();
      if (!filter.mayMatch(segment, row)) continue;
      const view = matching(store, filter, segment, row);
      if (view === undefined) continue;
      waiting.push({ row: view, timeMs: view.timeMs });
      if (waiting.length >= mostWaiting) break;
      // Lines of a segment come nearly in order: enough of them are enough.
      if (waiting.length >= 2 * (limit - given) + 1_000) break;
    }
    const next = segments[index + 1];
    const boundMs = next === undefined ? Number.NEGATIVE_INFINITY : store.startMs + next.maxStart / 1e6;
    waiting.sort((a, b) => a.timeMs - b.timeMs);
    for (let last = waiting.at(-1); last !== undefined && last.timeMs >= boundMs; last = waiting.at(-1)) {
      waiting.pop();
      yield last.row;
      given += 1;
      if (given >= limit) return;
    }
    waiting = waiting.slice(-(limit - given) - 1_000);
  }
}

/** The templates of the lines, most often first, with one line of each. */
export async function logTemplates(store: Store, query: Query, limit: number) {
  const counts = new Map<string, { template: string; count: number; worst: number; example: LogRow }>();
  for await (const row of searchLogs(store, query, mostWaiting)) {
    const known = counts.get(row.template);
    if (known === undefined)
      counts.set(row.template, { template: row.template, count: 1, worst: row.severity, example: row });
    else {
      known.count += 1;
      known.worst = Math.max(known.worst, row.severity);
    }
  }
  return [...counts.values()].sort((a, b) => b.count - a.count).slice(0, limit);
}
