/** Spans of a trace by their place, with times in milliseconds since the trace began, by one clock. */
export interface TreeSpans {
  /** The place of the parent; {@link NO_PARENT}, or {@link NOT_HELD} for one that is named and not there. */
  readonly parents: Int32Array;
  readonly startMs: Float64Array;
  readonly durationMs: Float64Array;
}

export const NO_PARENT = -1;
export const NOT_HELD = -2;

/** Everything but `order` and `root` is by the place of the span. */
export interface TraceTree {
  /** All places, parents before children, children by start. */
  readonly order: Int32Array;
  /** The one that the trace begins with, if it is there; else the longest of those without a parent; -1 for none. */
  readonly root: number;
  readonly depth: Int32Array;
  /** 1 where its parent is named and not there. */
  readonly isOrphan: Uint8Array;
  /** Time in which none of its children ran. */
  readonly selfMs: Float64Array;
  /** Of the time that the trace took, that which this span itself is to blame for. */
  readonly criticalMs: Float64Array;
  /** When it was, the latest first: the place of the span, begin and end, one after the other. */
  readonly critical: readonly number[];
  /** When no child ran, of spans that have children: as above, in the order of the spans. */
  readonly gaps: readonly number[];
}

/** Puts spans in order, and finds where the time went. Circles are no problem. A gap is at least so long. */
export function buildTree({ parents, startMs, durationMs }: TreeSpans, leastGapMs: number): TraceTree {
  const count = parents.length;
  const firstChild = new Int32Array(count).fill(-1);
  const nextSibling = new Int32Array(count).fill(-1);
  const isOrphan = new Uint8Array(count);
  const byStart = Int32Array.from(parents.keys()).sort(
    (a, b) => (startMs[a] as number) - (startMs[b] as number),
  );
  const tops: number[] = [];
  for (const place of byStart) {
    const parent = parents[place] as number;
    if (parent >= 0 && parent !== place) continue;
    isOrphan[place] = parent === NO_PARENT ? 0 : 1;
    tops.push(place);
  }
  for (let index = count - 1; index >= 0; index -= 1) {
    const place = byStart[index] as number;
    const parent = parents[place] as number;
    if (parent < 0 || parent === place) continue;
    nextSibling[place] = firstChild[parent] as number;
    firstChild[parent] = place;
  }
  const order = new Int32Array(count);
  const depth = new Int32Array(count);
  const selfMs = new Float64Array(count);
  const gaps: number[] = [];
  const isPlaced = new Uint8Array(count);
  let placed = 0;
  const put = (place: number) => {
    order[placed] = place;
    placed += 1;
    isPlaced[place] = 1;
    const start = startMs[place] as number;
    const end = start + (durationMs[place] as number);
    let covered = 0;
    let until = start;
    const gap = (from: number, to: number) => {
      if (to - from >= leastGapMs) gaps.push(place, from, to);
    };
    for (let child = firstChild[place] as number; child >= 0; child = nextSibling[child] as number) {
      const from = startMs[child] as number;
      const to = from + (durationMs[child] as number);
      gap(until, Math.min(from, end));
      covered += Math.max(0, Math.min(to, end) - Math.max(from, Math.min(until, end)));
      until = Math.max(until, to);
    }
    if (firstChild[place] !== -1) gap(until, end);
    selfMs[place] = Math.max(0, end - start - covered);
  };
  for (const top of tops) {
    let place = top;
    while (place >= 0) {
      put(place);
      let next = firstChild[place] as number;
      if (next >= 0) depth[next] = (depth[place] as number) + 1;
      // Up, until there is one beside it.
      while (next < 0 && place !== top) {
        next = nextSibling[place] as number;
        if (next >= 0) depth[next] = depth[place] as number;
        else place = parents[place] as number;
      }
      place = next;
    }
  }
  // What is left goes in a circle: each stands for itself.
  for (let place = 0; place < count; place += 1) {
    if (isPlaced[place] === 1) continue;
    isOrphan[place] = 1;
    firstChild[place] = -1;
    put(place);
  }
  let root = -1;
  const isRoot = (top: number) => isOrphan[top] === 0;
  for (const top of tops.some(isRoot) ? tops.filter(isRoot) : tops)
    if (root < 0 || (durationMs[top] as number) > (durationMs[root] as number)) root = top;
  const criticalMs = new Float64Array(count);
  const critical: number[] = [];
  if (root >= 0) {
    const own = (place: number, from: number, to: number) => {
      if (to <= from) return;
      criticalMs[place] = (criticalMs[place] as number) + to - from;
      critical.push(place, from, to);
    };
    walkCriticalPath({ root, firstChild, nextSibling, startMs, durationMs, own });
  }
  return { order, root, depth, isOrphan, selfMs, criticalMs, critical, gaps };
}

interface CriticalWalk extends Omit<TreeSpans, 'parents'> {
  readonly root: number;
  readonly firstChild: Int32Array;
  readonly nextSibling: Int32Array;
  readonly own: (place: number, from: number, to: number) => void;
}

/**
 * Goes back from the end: of the children that ran, the last to finish is what its parent waited for; where none ran, the time is the
 * parent's own.
 */
function walkCriticalPath(walk: CriticalWalk): void {
  const { root, firstChild, nextSibling, startMs, durationMs, own } = walk;
  const endOf = (place: number) => (startMs[place] as number) + (durationMs[place] as number);
  const stack = [root, startMs[root] as number, endOf(root)];
  const byEnd: number[] = [];
  while (stack.length > 0) {
    const until = stack.pop() as number;
    const from = stack.pop() as number;
    const place = stack.pop() as number;
    let cursor = until;
    byEnd.length = 0;
    for (let child = firstChild[place] as number; child >= 0; child = nextSibling[child] as number)
      byEnd.push(child);
    if (byEnd.length > 1) byEnd.sort((a, b) => endOf(b) - endOf(a));
    for (const child of byEnd) {
      const start = Math.max(startMs[child] as number, from);
      if (start >= cursor) continue;
      const end = Math.min(endOf(child), cursor);
      if (end <= start) continue;
      own(place, end, cursor);
      stack.push(child, start, end);
      cursor = start;
    }
    own(place, from, cursor);
  }
}
