import { ReasonCounts, SLOW } from './reason-counts.js';
import type { Window } from './window.js';

/** Counts every call, from the first on: what the probes of one half-open period came to. */
export class Tally implements Window {
  calls = 0;
  failures = 0;
  slow = 0;
  readonly #reasons = new ReasonCounts();

  record(_now: number, failed: boolean, slow: boolean, reason?: string): number {
    this.calls += 1;
    if (failed) this.failures += 1;
    if (slow) this.slow += 1;
    if (reason !== undefined) this.#reasons.add(reason);
    return this.calls;
  }

  forgetSlow(): void {
    this.calls -= 1;
    this.slow -= 1;
    this.#reasons.remove(SLOW);
  }

  /** Makes a failure of a call that was counted as a success or as slow. */
  turn(was: 'success' | 'slow', reason: string): void {
    this.failures += 1;
    if (was === 'slow') this.#reasons.remove(SLOW);
    this.#reasons.add(reason);
  }

  expire(): void {}

  reasons(): Record<string, number> {
    return this.#reasons.toObject();
  }
}
