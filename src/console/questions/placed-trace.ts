import type { ClockSkew } from '../signals/clock-skew.js';
import type { Ref, Store } from '../store/store.js';
import { SpanPlaces } from './span-places.js';
import { buildTree, NO_PARENT, NOT_HELD, type TraceTree } from './trace-tree.js';

/** Uninstrumented time is a gap from so long on, in milliseconds, and of the trace. */
const leastGapMs = 1;
const leastGapShare = 0.01;

/** The spans of a trace, each at its place in these lists, without an object for each: a large trace is answered at once. */
export interface PlacedTrace {
  readonly refs: readonly Ref[];
  readonly resource: Uint16Array;
  /** By {@link TraceTree}. */
  readonly parents: Int32Array;
  /** Since the trace began, with the difference of the clocks taken out. */
  readonly offsetMs: Float64Array;
  readonly durationMs: Float64Array;
  /** How far its own clock is ahead of the one that is shown, by which the trace begins at `startMs`. */
  readonly aheadMs: Float64Array;
  /** When the first span began by its own clock, in milliseconds since the epoch. */
  readonly startMs: number;
  /** When the last one ended, since the trace began. */
  readonly endMs: number;
  readonly tree: TraceTree;
  readonly skews: readonly { readonly from: string; readonly to: string; readonly offsetMs: number }[];
}

/** Puts spans on one clock, that of the process in which the trace begins, and in a tree. Of an id given twice, the last counts. */
export function placeTrace(store: Store, skew: ClockSkew, given: readonly Ref[]): PlacedTrace {
  const places = new SpanPlaces(given.length);
  const refs: Ref[] = [];
  for (const ref of given) {
    const { span } = ref.segment.columns;
    refs[places.add(span[2 * ref.row] as number, span[2 * ref.row + 1] as number)] = ref;
  }
  const count = refs.length;
  const resource = new Uint16Array(count);
  const parents = new Int32Array(count);
  const durationMs = new Float64Array(count);
  const offsetMs = new Float64Array(count);
  let startMs = Number.POSITIVE_INFINITY;
  for (let place = 0; place < count; place += 1) {
    const { segment, row } = refs[place] as Ref;
    const { columns } = segment;
    const high = columns.parent[2 * row] as number;
    const low = columns.parent[2 * row + 1] as number;
    const parent = (high | low) === 0 ? NO_PARENT : places.find(high, low);
    parents[place] = parent === -1 && (high | low) !== 0 ? NOT_HELD : parent;
    resource[place] = columns.resource[row] as number;
    durationMs[place] = (columns.duration[row] as number) / 1e6;
    offsetMs[place] = store.startMs + (columns.start[row] as number) / 1e6;
    startMs = Math.min(startMs, offsetMs[place] as number);
  }
  const skews = new Map<string, { from: string; to: string; offsetMs: number }>();
  const between = (parent: number, child: number): number => {
    const from = resource[parent] as number;
    const to = resource[child] as number;
    if (from === to) return 0;
    const ms = skew.between(from, to) / 1e6;
    const { catalog } = store;
    if (ms !== 0)
      skews.set(`${from} ${to}`, {
        from: catalog.resource(from).serviceName,
        to: catalog.resource(to).serviceName,
        offsetMs: ms,
      });
    return ms;
  };
  const aheadMs = clocks(parents, between);
  let first = Number.POSITIVE_INFINITY;
  for (let place = 0; place < count; place += 1) {
    offsetMs[place] = (offsetMs[place] as number) - (aheadMs[place] as number);
    first = Math.min(first, offsetMs[place] as number);
  }
  let endMs = 0;
  for (let place = 0; place < count; place += 1) {
    offsetMs[place] = (offsetMs[place] as number) - first;
    aheadMs[place] = (aheadMs[place] as number) + first - startMs;
    endMs = Math.max(endMs, (offsetMs[place] as number) + (durationMs[place] as number));
  }
  const tree = buildTree(
    { parents, startMs: offsetMs, durationMs },
    Math.max(leastGapMs, leastGapShare * endMs),
  );
  return {
    refs,
    resource,
    parents,
    offsetMs,
    durationMs,
    aheadMs,
    startMs,
    endMs,
    tree,
    skews: [...skews.values()],
  };
}

/** How far each clock is ahead of that of the top above it, in milliseconds; in a circle, of any in it. */
function clocks(parents: Int32Array, between: (parent: number, child: number) => number): Float64Array {
  const ahead = new Float64Array(parents.length);
  /** 1 on the way up, 2 where it is known. */
  const state = new Uint8Array(parents.length);
  const path: number[] = [];
  for (let place = 0; place < parents.length; place += 1) {
    let at = place;
    while (at >= 0 && state[at] === 0) {
      state[at] = 1;
      path.push(at);
      at = parents[at] as number;
    }
    for (let child = path.pop(); child !== undefined; child = path.pop()) {
      const parent = parents[child] as number;
      if (parent >= 0 && state[parent] === 2)
        ahead[child] = (ahead[parent] as number) + between(parent, child);
      state[child] = 2;
    }
  }
  return ahead;
}
