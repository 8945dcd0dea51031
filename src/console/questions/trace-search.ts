import { hexOf, type TraceWords } from '../receive/words.js';
import type { Segment } from '../store/segment.js';
import type { Store } from '../store/store.js';
import type { Query } from './query.js';
import { spanFilter } from './span-filter.js';
import { TimeSlice } from './time-slice.js';
import { spanRow } from './views.js';

/** A trace in a list. */
export interface TraceRow {
  readonly traceId: string;
  readonly service: string;
  readonly name: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly spans: number;
  readonly errors: number;
  readonly services: readonly { readonly service: string; readonly spans: number }[];
  readonly logs: number;
  /** False where the span that it began with is not there. */
  readonly isWhole: boolean;
  readonly http: number;
}

interface Match {
  readonly segment: Segment;
  readonly row: number;
  readonly rank: number;
}

const mostMatches = 200_000;
const rowsPerSlice = 256;

/** The traces that have a span as asked for, newest or slowest first. @throws Refusal */
export async function* searchTraces(store: Store, query: Query, limit: number): AsyncGenerator<TraceRow> {
  const { fromMs, toMs } = query.window(24 * 3_600_000);
  const filter = spanFilter(store, query, fromMs, toMs);
  const hasLog = query.flag('hasLog');
  const isBySpeed = query.text('sort') === 'slowest';
  if (filter.isVain) return;
  const slice = new TimeSlice();
  const segments = [...store.segments('spans', filter.service)]
    .filter((segment) => filter.mayHave(segment))
    .sort((a, b) => (isBySpeed ? b.maxDuration - a.maxDuration : b.maxStart - a.maxStart));
  const seen = new Set<string>();
  // Matches that may still be behind those of a segment that has not been looked at.
  let matches: Match[] = [];
  let given = 0;
  for (const [index, segment] of segments.entries()) {
    const { columns } = segment;
    const { rows } = segment;
    for (let row = 0; row < rows; row += 1) {
      if (row % rowsPerSlice === 0) await slice.rest();
      if (!filter.matches(segment, row)) continue;
      const rank = (isBySpeed ? columns.duration[row] : columns.start[row]) as number;
      matches.push({ segment, row, rank });
    }
    const next = segments[index + 1];
    const bound =
      next === undefined ? Number.NEGATIVE_INFINITY : isBySpeed ? next.maxDuration : next.maxStart;
    if (matches.length > mostMatches)
      matches = matches.sort((a, b) => b.rank - a.rank).slice(0, mostMatches / 2);
    if (matches.length === 0) continue;
    matches.sort((a, b) => a.rank - b.rank);
    for (let last = matches.at(-1); last !== undefined && last.rank >= bound; last = matches.at(-1)) {
      matches.pop();
      const { trace } = last.segment.columns;
      const at = 4 * last.row;
      const id = hexOf(trace, at, 4);
      if (seen.has(id)) continue;
      seen.add(id);
      if (slice.isOver) await slice.rest();
      const found = traceRow(store, id, [
        trace[at] as number,
        trace[at + 1] as number,
        trace[at + 2] as number,
        trace[at + 3] as number,
      ]);
      if (found === undefined || (hasLog !== undefined && found.logs > 0 !== hasLog)) continue;
      yield found;
      given += 1;
      if (given >= limit) return;
    }
  }
}

function traceRow(store: Store, traceId: string, words: TraceWords): TraceRow | undefined {
  const refs = store.ofTrace('spans', words);
  const [first] = refs;
  if (first === undefined) return undefined;
  let start = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  let errors = 0;
  let root = first;
  let rootRank = Number.POSITIVE_INFINITY;
  const services = new Map<string, number>();
  for (const ref of refs) {
    const { columns } = ref.segment;
    const { row } = ref;
    const own = columns.start[row] as number;
    start = Math.min(start, own);
    end = Math.max(end, own + (columns.duration[row] as number));
    if (((columns.kind[row] as number) & 0x10) !== 0) errors += 1;
    const hasParent = ((columns.parent[2 * row] as number) | (columns.parent[2 * row + 1] as number)) !== 0;
    // One without a parent comes before all others.
    const rank = hasParent ? own : own - 1e18;
    if (rank < rootRank) {
      rootRank = rank;
      root = ref;
    }
    const { serviceName } = store.catalog.resource(columns.resource[row] as number);
    services.set(serviceName, (services.get(serviceName) ?? 0) + 1);
  }
  const top = spanRow(store, root);
  return {
    traceId,
    service: top.service,
    name: top.name,
    startMs: store.startMs + start / 1e6,
    durationMs: (end - start) / 1e6,
    spans: refs.length,
    errors,
    services: [...services].map(([service, spans]) => ({ service, spans })),
    logs: store.ofTrace('logs', words).length,
    isWhole: top.parentId === '',
    http: top.http,
  };
}
