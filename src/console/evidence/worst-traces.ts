import { hexOf, type TraceWords } from '../receive/words.js';
import { isFailure } from '../store/draft.js';
import type { Store } from '../store/store.js';

export interface WorstWanted {
  /** Undefined for all of them. */
  readonly service: number | undefined;
  /** Only those that failed; else the slowest. */
  readonly isFailed: boolean;
  /** What was called, by its interned text; undefined for any. */
  readonly target: number | undefined;
  readonly fromMs: number;
  readonly count: number;
}

export interface WorstTrace {
  readonly traceId: string;
  readonly words: TraceWords;
  readonly ns: number;
}

/** The traces with the longest spans of that kind, longest first. */
export function worstTraces(
  store: Store,
  { service, isFailed, target, fromMs, count }: WorstWanted,
): WorstTrace[] {
  const from = (fromMs - store.startMs) * 1e6;
  const worst = new Map<string, WorstTrace>();
  let least = Number.NEGATIVE_INFINITY;
  for (const segment of store.segments('spans', service)) {
    if (segment.maxStart + segment.maxDuration < from || segment.maxDuration < least) continue;
    const { columns } = segment;
    for (let row = 0; row < segment.rows; row += 1) {
      const ns = columns.duration[row] as number;
      if (ns <= least || (columns.start[row] as number) + ns < from) continue;
      if (isFailed && !isFailure(columns.kind[row] as number, columns.http[row] as number)) continue;
      if (target !== undefined && columns.route[row] !== target) continue;
      const at = 4 * row;
      const traceId = hexOf(columns.trace, at, 4);
      const known = worst.get(traceId);
      if (known !== undefined && known.ns >= ns) continue;
      const words = [...columns.trace.subarray(at, at + 4)] as unknown as TraceWords;
      worst.set(traceId, { traceId, words, ns });
      if (worst.size <= count) continue;
      // The shortest goes, and nothing shorter comes in any more.
      let shortest: WorstTrace | undefined;
      for (const one of worst.values()) if (shortest === undefined || one.ns < shortest.ns) shortest = one;
      if (shortest !== undefined) worst.delete(shortest.traceId);
      least = Number.POSITIVE_INFINITY;
      for (const one of worst.values()) least = Math.min(least, one.ns);
    }
  }
  return [...worst.values()].sort((a, b) => b.ns - a.ns);
}
