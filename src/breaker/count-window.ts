import { ReasonCounts } from './reason-counts.js';
import type { Window } from './window.js';

const CALL = 1;
const FAILED = 2;
const TOOK_LONG = 4;

/** Counts the last `size` calls, in a ring that grows to that size as calls come in. */
export class CountWindow implements Window {
  calls = 0;
  failures = 0;
  slow = 0;
  readonly #size: number;
  readonly #ring: number[] = [];
  #reasons: (string | undefined)[] | undefined;
  #recorded = 0;

  constructor(size: number) {
    this.#size = size;
  }

  record(_now: number, failed: boolean, slow: boolean, reason?: string): number {
    const stamp = this.#recorded;
    const at = stamp % this.#size;
    this.#recorded += 1;
    if (at < this.#ring.length) this.#subtract(at);
    this.#ring[at] = CALL + (failed ? FAILED : 0) + (slow ? TOOK_LONG : 0);
    this.calls += 1;
    if (failed) this.failures += 1;
    if (slow) this.slow += 1;
    if (reason !== undefined) this.#reasons ??= new Array(at).fill(undefined);
    if (this.#reasons !== undefined) this.#reasons[at] = reason;
    return stamp;
  }

  forgetSlow(stamp: number): void {
    if (stamp < this.#recorded - this.#size) return;
    const at = stamp % this.#size;
    this.#subtract(at);
    this.#ring[at] = 0;
    if (this.#reasons !== undefined) this.#reasons[at] = undefined;
  }

  expire(): void {}

  reasons(): Record<string, number> {
    const sum = new ReasonCounts();
    for (const reason of this.#reasons ?? []) if (reason !== undefined) sum.add(reason);
    return sum.toObject();
  }

  #subtract(at: number): void {
    const outcome = this.#ring[at] as number;
    this.calls -= outcome & CALL;
    if ((outcome & FAILED) !== 0) this.failures -= 1;
    if ((outcome & TOOK_LONG) !== 0) this.slow -= 1;
  }
}
