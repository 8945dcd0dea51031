/** A part of a trace, in milliseconds since it began. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

export type Segment = readonly [from: number, to: number];

/** The least part that may be looked at, of the whole. */
const leastShare = 1e-5;

/** A range within the whole, not smaller than can be drawn. */
export function rangeWithin(range: TimeRange, wholeMs: number): TimeRange {
  const least = Math.max(wholeMs * leastShare, 0.001);
  const length = Math.min(Math.max(range.to - range.from, least), wholeMs);
  const from = Math.min(Math.max(0, range.from), wholeMs - length);
  return { from, to: from + length };
}

/** Makes a range smaller (`factor` below 1) or larger around a time. */
export function zoomed(range: TimeRange, factor: number, atMs: number, wholeMs: number): TimeRange {
  return rangeWithin(
    { from: atMs - (atMs - range.from) * factor, to: atMs + (range.to - atMs) * factor },
    wholeMs,
  );
}

/** Moves a range by a share of its length. */
export function panned(range: TimeRange, share: number, wholeMs: number): TimeRange {
  const step = (range.to - range.from) * share;
  return rangeWithin({ from: range.from + step, to: range.to + step }, wholeMs);
}

/** Where the axis is marked: round times, `most` at the most. */
export function ticks(range: TimeRange, most = 5): number[] {
  const rough = (range.to - range.from) / Math.max(1, most);
  if (!(rough > 0)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((one) => one * power >= rough) as number) * power;
  const marks: number[] = [];
  for (let index = Math.ceil(range.from / step); index * step <= range.to; index += 1)
    marks.push(index * step);
  return marks;
}

/** Segments in pixels, cut to what is in view; those that would touch are one. */
export function pixelSegments(
  segments: readonly Segment[],
  range: TimeRange,
  width: number,
  leastPx = 1,
): Segment[] {
  const scale = width / (range.to - range.from);
  const sorted = segments.length > 1 ? [...segments].sort((a, b) => a[0] - b[0]) : segments;
  const drawn: [number, number][] = [];
  for (const [from, to] of sorted) {
    if (to < range.from || from > range.to) continue;
    const left = Math.max(0, (from - range.from) * scale);
    const right = Math.min(width, Math.max((to - range.from) * scale, left + leastPx));
    const last = drawn.at(-1);
    if (last !== undefined && left - last[1] < 0.5) last[1] = Math.max(last[1], right);
    else drawn.push([Math.min(left, width - leastPx), right]);
  }
  return drawn;
}

/** Segments as one path of rectangles. */
export function rectanglesPath(segments: readonly Segment[], top: number, height: number): string {
  let path = '';
  for (const [left, right] of segments)
    path += `M${left.toFixed(1)} ${top}H${right.toFixed(1)}V${top + height}H${left.toFixed(1)}Z`;
  return path;
}

/** Times in pixels; where several fall in one place, how many there are. */
export function pixelMarks<T>(
  items: readonly T[],
  timeOf: (item: T) => number,
  range: TimeRange,
  width: number,
  apartPx = 7,
): { x: number; items: T[] }[] {
  const scale = width / (range.to - range.from);
  const marks: { x: number; items: T[] }[] = [];
  for (const item of items) {
    const time = timeOf(item);
    if (time < range.from || time > range.to) continue;
    const x = (time - range.from) * scale;
    const last = marks.at(-1);
    if (last !== undefined && x - last.x < apartPx) last.items.push(item);
    else marks.push({ x, items: [item] });
  }
  return marks;
}
