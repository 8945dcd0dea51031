import { parentIdOf, spanIdOf } from '../questions/item-json.js';
import { type TraceView, viewOf } from '../questions/trace-view.js';
import type { TraceWords } from '../receive/words.js';
import type { ClockSkew } from '../signals/clock-skew.js';
import { FAILED } from '../store/draft.js';
import type { Ref, Store } from '../store/store.js';

/** A trace of more spans is not kept whole. */
const maxSpans = 2_000;
/** Of one that is larger, so many are chosen for their duration, and others that failed up to so many in all. */
const maxLongest = 400;
const maxChosen = 500;
/** In one that is larger than that, nothing is looked for above what was chosen. */
const maxSearched = 20_000;

/**
 * A trace as evidence keeps it: all of it, or, of a large one, its longest spans, some that failed, and what stands above those. Where the time
 * goes is seen in them: a span is as long as what it waits for, most often.
 */
export function keptView(store: Store, skew: ClockSkew, words: TraceWords): TraceView | undefined {
  const refs = store.ofTrace('spans', words);
  if (refs.length <= maxSpans) return viewOf(store, skew, words, refs);
  const chosen = choose(refs);
  const view = viewOf(store, skew, words, chosen);
  return view && { ...view, omitted: refs.length - chosen.length };
}

function choose(refs: readonly Ref[]): Ref[] {
  const durations = Float64Array.from(refs, durationOf).sort();
  const least = durations[durations.length - maxLongest] as number;
  const chosen = new Set(refs.filter((ref) => durationOf(ref) > least));
  addSome(chosen, refs, maxLongest, (ref) => durationOf(ref) === least);
  addSome(
    chosen,
    refs,
    maxChosen,
    ({ segment, row }) => ((segment.columns.kind[row] as number) & FAILED) !== 0,
  );
  if (refs.length <= maxSearched) addParents(chosen, refs);
  return [...chosen];
}

function addSome(
  chosen: Set<Ref>,
  refs: readonly Ref[],
  upTo: number,
  isWanted: (ref: Ref) => boolean,
): void {
  for (const ref of refs) {
    if (chosen.size >= upTo) return;
    if (isWanted(ref)) chosen.add(ref);
  }
}

function addParents(chosen: Set<Ref>, refs: readonly Ref[]): void {
  const byId = new Map(refs.map((ref) => [spanIdOf(ref), ref]));
  // What is added while it runs is visited as well.
  for (const ref of chosen) {
    const parent = byId.get(parentIdOf(ref));
    if (parent !== undefined && chosen.size < maxSpans) chosen.add(parent);
  }
}

function durationOf({ segment, row }: Ref): number {
  return segment.columns.duration[row] as number;
}
