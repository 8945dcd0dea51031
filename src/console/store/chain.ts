import type { Draft } from './draft.js';
import { Segment, type SegmentSize } from './segment.js';

/** What is held of one service, oldest first. */
export class Chain {
  readonly segments: Segment[] = [];
  /** Of all segments but the one that is open. */
  #closedBytes = 0;
  #open: Segment | undefined;
  /** How large the one was that was closed last. */
  #last: SegmentSize | undefined;
  readonly #onClosed: (segment: Segment) => void;

  constructor(onClosed: (segment: Segment) => void) {
    this.#onClosed = onClosed;
  }

  get bytes(): number {
    return this.#closedBytes + (this.#open?.bytes ?? 0);
  }

  get rows(): number {
    let rows = 0;
    for (const segment of this.segments) rows += segment.rows;
    return rows;
  }

  append(draft: Draft, bytes: Buffer): Segment {
    let open = this.#open;
    if (open === undefined) {
      open = new Segment(this.#last);
      this.#open = open;
      this.segments.push(open);
    }
    open.append(draft, bytes);
    if (open.isFull) this.#close(open);
    return open;
  }

  #close(open: Segment): void {
    open.trim();
    this.#closedBytes += open.bytes;
    this.#open = undefined;
    this.#last = { rows: open.rows, slabBytes: open.slab.length };
    this.#onClosed(open);
  }

  /** Takes the oldest segment out. */
  shift(): Segment | undefined {
    const oldest = this.segments.shift();
    if (oldest === undefined) return undefined;
    if (oldest === this.#open) this.#open = undefined;
    else this.#closedBytes -= oldest.bytes;
    return oldest;
  }

  /** Packing has changed the size of a segment of this chain. */
  changed(segment: Segment, bytesBefore: number): void {
    if (this.segments.includes(segment)) this.#closedBytes += segment.bytes - bytesBefore;
  }
}
