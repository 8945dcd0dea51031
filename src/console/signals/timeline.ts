import { Cell } from './cell.js';

interface Slot {
  /** Its beginning, in milliseconds since the epoch. */
  readonly atMs: number;
  readonly cells: Map<number, Cell>;
}

interface LevelOptions {
  readonly slotMs: number;
  readonly maxSlots: number;
  readonly maxCells: number;
}

/** Slots of one width, oldest first; the oldest go where there are too many slots or cells. */
class Level {
  readonly slotMs: number;
  readonly slots: Slot[] = [];
  readonly #maxSlots: number;
  readonly #maxCells: number;
  #cells = 0;

  constructor({ slotMs, maxSlots, maxCells }: LevelOptions) {
    this.slotMs = slotMs;
    this.#maxSlots = maxSlots;
    this.#maxCells = maxCells;
  }

  get sinceMs(): number {
    return this.slots[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  cell(series: number, timeMs: number): Cell | undefined {
    const slot = this.#slot(timeMs);
    if (slot === undefined) return undefined;
    let cell = slot.cells.get(series);
    if (cell === undefined) {
      cell = new Cell();
      slot.cells.set(series, cell);
      this.#cells += 1;
      if (this.#cells > this.#maxCells && this.slots.length > 1) this.#drop();
    }
    return cell;
  }

  #slot(timeMs: number): Slot | undefined {
    const atMs = Math.floor(timeMs / this.slotMs) * this.slotMs;
    const { slots } = this;
    for (let index = slots.length - 1; index >= 0; index -= 1) {
      const slot = slots[index] as Slot;
      if (slot.atMs === atMs) return slot;
      if (slot.atMs < atMs) return this.#insert(index + 1, atMs);
    }
    // Older than all: kept as long as there is room, as on import.
    return slots.length < this.#maxSlots ? this.#insert(0, atMs) : undefined;
  }

  #insert(index: number, atMs: number): Slot {
    const slot = { atMs, cells: new Map<number, Cell>() };
    this.slots.splice(index, 0, slot);
    if (this.slots.length > this.#maxSlots) this.#drop();
    return slot;
  }

  #drop(): void {
    this.#cells -= this.slots.shift()?.cells.size ?? 0;
  }
}

/**
 * Rate, errors and durations of all series over time: ten seconds for an hour, minutes for a day, less where there are many series. Bounded by
 * the number of cells.
 */
export class Timeline {
  readonly #fine: Level;
  readonly #coarse: Level;

  constructor(maxCells: number) {
    this.#fine = new Level({ slotMs: 10_000, maxSlots: 360, maxCells });
    this.#coarse = new Level({ slotMs: 60_000, maxSlots: 1_440, maxCells });
  }

  add(series: number, timeMs: number, ms: number, isFailed: boolean, traceId: () => string): void {
    this.#fine.cell(series, timeMs)?.add(ms, isFailed, traceId);
    this.#coarse.cell(series, timeMs)?.add(ms, isFailed, traceId);
  }

  /** Requests of which only the counts are known. */
  merge(series: number, timeMs: number, cell: Cell): void {
    this.#fine.cell(series, timeMs)?.merge(cell);
    this.#coarse.cell(series, timeMs)?.merge(cell);
  }

  /** From when on there is something. */
  get sinceMs(): number {
    return Math.min(this.#fine.sinceMs, this.#coarse.sinceMs);
  }

  /** All series that have something within the time, each in one cell. */
  totals(fromMs: number, toMs: number): Map<number, Cell> {
    const totals = new Map<number, Cell>();
    for (const { cells } of this.#slots(fromMs, toMs)) {
      for (const [series, cell] of cells) {
        let total = totals.get(series);
        if (total === undefined) {
          total = new Cell();
          totals.set(series, total);
        }
        total.merge(cell);
      }
    }
    return totals;
  }

  /** One series in steps; undefined where nothing came. `stepMs` is at least that of the slots. */
  steps(series: number, fromMs: number, toMs: number, stepMs: number): (Cell | undefined)[] {
    const steps: (Cell | undefined)[] = new Array(Math.max(1, Math.ceil((toMs - fromMs) / stepMs))).fill(
      undefined,
    );
    for (const { atMs, cells } of this.#slots(fromMs, toMs)) {
      const cell = cells.get(series);
      if (cell === undefined) continue;
      const index = Math.max(0, Math.floor((atMs - fromMs) / stepMs));
      if (index >= steps.length) continue;
      let step = steps[index];
      if (step === undefined) {
        step = new Cell();
        steps[index] = step;
      }
      step.merge(cell);
    }
    return steps;
  }

  /** The width of the slots that answer for that time, in milliseconds. */
  slotMs(fromMs: number, toMs: number): number {
    return this.#level(fromMs, toMs).slotMs;
  }

  #slots(fromMs: number, toMs: number): Slot[] {
    const { slots, slotMs } = this.#level(fromMs, toMs);
    return slots.filter(({ atMs }) => atMs + slotMs > fromMs && atMs < toMs);
  }

  #level(fromMs: number, toMs: number): Level {
    const isFineEnough = this.#fine.sinceMs <= Math.max(fromMs, this.#coarse.sinceMs) + 60_000;
    return isFineEnough && toMs - fromMs <= 3 * 3_600_000 ? this.#fine : this.#coarse;
  }
}
