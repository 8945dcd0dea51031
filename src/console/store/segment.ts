import { Columns } from './columns.js';
import type { Draft } from './draft.js';
import { Slab } from './slab.js';

const firstRows = 256;
const maxRows = 16_384;
const maxSlabBytes = 2 * 1_048_576;

export interface SegmentSize {
  readonly rows: number;
  readonly slabBytes: number;
}

/**
 * A piece of the store: rows of one service, in the order in which they came. It has an index of its own, so that to drop it is to
 * forget it, whatever else refers to its traces.
 */
export class Segment {
  columns: Columns;
  readonly slab: Slab;
  rows = 0;
  /** Of the starts; nanoseconds since the store began. */
  minStart = Number.POSITIVE_INFINITY;
  maxStart = Number.NEGATIVE_INFINITY;
  /** The longest duration in it, so that whole segments can be passed over. */
  maxDuration = 0;
  /** Row + 1 of the newest row of a trace, by the hash of its id. */
  #heads: Uint16Array;

  /** What was in the one before: this one is likely to become as large. */
  constructor(like?: SegmentSize) {
    const rows = like === undefined ? firstRows : Math.min(maxRows, Math.ceil(1.05 * like.rows) + 64);
    this.columns = new Columns(rows);
    this.#heads = new Uint16Array(slotsFor(rows));
    this.slab = new Slab(like?.slabBytes);
  }

  get bytes(): number {
    return this.columns.bytes + this.#heads.byteLength + this.slab.bytes;
  }

  get isFull(): boolean {
    return this.rows >= maxRows || this.slab.length >= maxSlabBytes;
  }

  append(draft: Draft, bytes: Buffer): number {
    if (this.rows === this.columns.capacity) this.#grow();
    const { columns } = this;
    const row = this.rows;
    const { start, duration } = draft;
    columns.start[row] = start;
    columns.duration[row] = duration;
    columns.trace[4 * row] = draft.trace0;
    columns.trace[4 * row + 1] = draft.trace1;
    columns.trace[4 * row + 2] = draft.trace2;
    columns.trace[4 * row + 3] = draft.trace3;
    columns.span[2 * row] = draft.span0;
    columns.span[2 * row + 1] = draft.span1;
    columns.parent[2 * row] = draft.parent0;
    columns.parent[2 * row + 1] = draft.parent1;
    columns.name[row] = draft.name;
    columns.route[row] = draft.route;
    columns.resource[row] = draft.resource;
    columns.scope[row] = draft.scope;
    columns.http[row] = draft.http;
    columns.kind[row] = draft.kind;
    columns.flags[row] = draft.flags;
    columns.offset[row] = this.slab.length;
    for (let index = 0; index < draft.runs; index += 2)
      this.slab.add(bytes, draft.run[index] as number, draft.run[index + 1] as number);
    if (start < this.minStart) this.minStart = start;
    if (start > this.maxStart) this.maxStart = start;
    if (duration > this.maxDuration) this.maxDuration = duration;
    this.rows = row + 1;
    this.#index(row);
    return row;
  }

  /** What is not in the columns, as it was sent. */
  rest(row: number): Buffer {
    const end = row + 1 < this.rows ? (this.columns.offset[row + 1] as number) : this.slab.length;
    return this.slab.read(this.columns.offset[row] as number, end);
  }

  /** The newest row of a trace, -1 for none; {@link Columns.next} leads to the others. */
  newest(trace0: number, trace1: number, trace2: number, trace3: number): number {
    const mask = this.#heads.length - 1;
    const { trace } = this.columns;
    let slot = hashOf(trace2, trace3) & mask;
    for (;;) {
      const row = (this.#heads[slot] as number) - 1;
      if (row < 0) return -1;
      const at = 4 * row;
      if (
        trace[at + 3] === trace3 &&
        trace[at + 2] === trace2 &&
        trace[at + 1] === trace1 &&
        trace[at] === trace0
      )
        return row;
      slot = (slot + 1) & mask;
    }
  }

  /** Gives back what was reserved for more rows. */
  trim(): void {
    if (this.columns.capacity > 1.1 * this.rows) this.columns = this.columns.resized(this.rows, this.rows);
  }

  #grow(): void {
    const capacity = Math.min(maxRows, 2 * this.columns.capacity);
    this.columns = this.columns.resized(capacity, this.rows);
    this.#heads = new Uint16Array(slotsFor(capacity));
    for (let row = 0; row < this.rows; row += 1) this.#index(row);
  }

  #index(row: number): void {
    const { trace, next } = this.columns;
    const at = 4 * row;
    const trace0 = trace[at] as number;
    const trace1 = trace[at + 1] as number;
    const trace2 = trace[at + 2] as number;
    const trace3 = trace[at + 3] as number;
    if ((trace0 | trace1 | trace2 | trace3) === 0) return;
    const heads = this.#heads;
    const mask = heads.length - 1;
    let slot = hashOf(trace2, trace3) & mask;
    for (;;) {
      const other = (heads[slot] as number) - 1;
      if (other < 0) {
        next[row] = 0;
        break;
      }
      const otherAt = 4 * other;
      if (
        trace[otherAt + 3] === trace3 &&
        trace[otherAt + 2] === trace2 &&
        trace[otherAt + 1] === trace1 &&
        trace[otherAt] === trace0
      ) {
        next[row] = other + 1;
        break;
      }
      slot = (slot + 1) & mask;
    }
    heads[slot] = row + 1;
  }
}

/** A power of two, at most two thirds of it in use. */
function slotsFor(rows: number): number {
  return 2 ** Math.ceil(Math.log2(1.5 * rows));
}

function hashOf(high: number, low: number): number {
  let hash = Math.imul(high ^ Math.imul(low, 0x9e3779b1), 0x85ebca6b);
  hash ^= hash >>> 13;
  return hash >>> 0;
}
