import { ReasonCounts, SLOW } from './reason-counts.js';
import type { Window } from './window.js';

const slices = 10;

/**
 * Counts calls over a sliding time, in ten slices. Not exact at the edge: a call counts for nine to ten tenths of the window.
 * The first slice starts with the first call (Polly), so a burst into an empty window counts for the whole of it.
 */
export class TimeWindow implements Window {
  calls = 0;
  failures = 0;
  slow = 0;
  readonly #sliceMs: number;
  // What counts in each slice. Most upstreams never fail, and hardly any is judged by how slow it is.
  readonly #callsIn = createSlices();
  #failuresIn: number[] | undefined = undefined;
  #slowIn: number[] | undefined = undefined;
  #reasons: ReasonCounts | undefined = undefined;
  // Slices are numbered without end, so that a stamp never means a slice that came later.
  #head = 0;
  #headEnd = 0;

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / slices;
  }

  record(now: number, failed: boolean, slow: boolean, reason?: string): number {
    if (this.calls === 0) this.#restart(now);
    else if (now >= this.#headEnd) this.expire(now);
    const at = this.#head % slices;
    this.#callsIn[at] = (this.#callsIn[at] as number) + 1;
    this.calls += 1;
    if (failed) {
      this.#failuresIn ??= createSlices();
      this.#failuresIn[at] = (this.#failuresIn[at] as number) + 1;
      this.failures += 1;
    }
    if (slow) {
      this.#slowIn ??= createSlices();
      this.#slowIn[at] = (this.#slowIn[at] as number) + 1;
      this.slow += 1;
    }
    if (reason !== undefined) {
      this.#reasons ??= new ReasonCounts(slices);
      this.#reasons.add(reason, at);
    }
    return this.#head;
  }

  forgetSlow(stamp: number): void {
    if (stamp <= this.#head - slices || this.#slowIn === undefined) return;
    const at = stamp % slices;
    this.#callsIn[at] = (this.#callsIn[at] as number) - 1;
    this.#slowIn[at] = (this.#slowIn[at] as number) - 1;
    this.calls -= 1;
    this.slow -= 1;
    this.#reasons?.remove(SLOW, at);
  }

  expire(now: number): void {
    if (!(now >= this.#headEnd)) return;
    const passed = Math.floor((now - this.#headEnd) / this.#sliceMs) + 1;
    const last = Math.min(passed, slices);
    for (let step = 1; step <= last; step += 1) this.#empty((this.#head + step) % slices);
    this.#head += passed;
    this.#headEnd += passed * this.#sliceMs;
  }

  reasons(): Record<string, number> {
    return this.#reasons?.toObject() ?? {};
  }

  #restart(now: number): void {
    this.#headEnd = now + this.#sliceMs;
    this.#reasons = undefined;
  }

  #empty(at: number): void {
    this.calls -= take(this.#callsIn, at);
    if (this.#failuresIn !== undefined) this.failures -= take(this.#failuresIn, at);
    if (this.#slowIn !== undefined) this.slow -= take(this.#slowIn, at);
    this.#reasons?.emptySlice(at);
  }
}

function createSlices(): number[] {
  return new Array(slices).fill(0);
}

function take(counts: number[], at: number): number {
  const count = counts[at] as number;
  counts[at] = 0;
  return count;
}
