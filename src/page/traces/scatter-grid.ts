/** One trace in the scatter. */
export interface Dot {
  readonly timeMs: number;
  readonly durationMs: number;
  readonly isFailed: boolean;
}

export interface ScatterScale {
  readonly fromMs: number;
  readonly toMs: number;
  /** The least and most of the durations, in milliseconds; the axis is logarithmic. */
  readonly least: number;
  readonly most: number;
  readonly width: number;
  readonly height: number;
}

/** A place of the scatter with all traces that fall in it. */
export interface ScatterCell {
  readonly x: number;
  readonly y: number;
  count: number;
  failures: number;
  /** Which of the dots is the slowest. */
  slowest: number;
}

/** In pixels. */
const cellSize = 5;

/** A scale on which all dots have their place, with some room around them. */
export function scatterScale(
  dots: readonly Dot[],
  fromMs: number,
  toMs: number,
  width: number,
  height: number,
): ScatterScale {
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (const { durationMs } of dots) {
    if (durationMs > 0 && durationMs < least) least = durationMs;
    if (durationMs > most) most = durationMs;
  }
  if (most === 0) [least, most] = [1, 1_000];
  const low = Math.max(1e-3, least / 2);
  return { fromMs, toMs, least: low, most: Math.max(most * 2, low * 10), width, height };
}

export function xOf({ fromMs, toMs, width }: ScatterScale, timeMs: number): number {
  return ((timeMs - fromMs) / (toMs - fromMs)) * width;
}

export function yOf({ least, most, height }: ScatterScale, durationMs: number): number {
  const share = Math.log(Math.max(durationMs, least) / least) / Math.log(most / least);
  return height - Math.min(1, Math.max(0, share)) * height;
}

export function timeAt({ fromMs, toMs, width }: ScatterScale, x: number): number {
  return fromMs + (Math.min(Math.max(x, 0), width) / width) * (toMs - fromMs);
}

export function durationAt({ least, most, height }: ScatterScale, y: number): number {
  return least * (most / least) ** (1 - Math.min(Math.max(y, 0), height) / height);
}

/** Joins dots that would cover each other. */
export function scatterCells(dots: readonly Dot[], scale: ScatterScale): ScatterCell[] {
  const columns = Math.ceil(scale.width / cellSize) + 1;
  const cells = new Map<number, ScatterCell>();
  for (const [index, { timeMs, durationMs, isFailed }] of dots.entries()) {
    if (timeMs < scale.fromMs || timeMs > scale.toMs) continue;
    const column = Math.floor(xOf(scale, timeMs) / cellSize);
    const row = Math.floor(yOf(scale, durationMs) / cellSize);
    const key = row * columns + column;
    const cell = cells.get(key);
    if (cell === undefined)
      cells.set(key, {
        x: (column + 0.5) * cellSize,
        y: Math.min(scale.height - 2, (row + 0.5) * cellSize),
        count: 1,
        failures: isFailed ? 1 : 0,
        slowest: index,
      });
    else {
      cell.count += 1;
      if (isFailed) cell.failures += 1;
      if (durationMs > (dots[cell.slowest] as Dot).durationMs) cell.slowest = index;
    }
  }
  return [...cells.values()];
}

/** The nearest cell within reach; undefined for none. */
export function cellNear(
  cells: readonly ScatterCell[],
  x: number,
  y: number,
  reach = 8,
): ScatterCell | undefined {
  let found: ScatterCell | undefined;
  let least = reach * reach;
  for (const cell of cells) {
    const distance = (cell.x - x) ** 2 + (cell.y - y) ** 2;
    if (distance > least) continue;
    least = distance;
    found = cell;
  }
  return found;
}

/** Where the axis of durations is marked: powers of ten, with 3 between them where there are few. */
export function durationTicks({ least, most }: ScatterScale): number[] {
  const marks: number[] = [];
  const decades = Math.log10(most / least);
  for (let power = Math.floor(Math.log10(least)); 10 ** power <= most; power += 1)
    for (const one of decades < 2.5 ? [1, 3] : [1]) {
      const mark = one * 10 ** power;
      if (mark >= least && mark <= most) marks.push(mark);
    }
  return marks;
}
