import type { Join } from './joins.js';

interface Estimate {
  /** How far the callee's clock is ahead, in nanoseconds. */
  offset: number;
  /** The truth is at most so far from it. */
  error: number;
  samples: number;
  /** When the best sample was taken. */
  at: number;
}

const maxPairs = 5_000;
/** A clock drifts: an estimate is not believed for longer, in nanoseconds. */
const maxAge = 300e9;

/**
 * How far the clocks of two processes are apart: a request takes place within the call that made it, so the less a call has to spare, the closer
 * its middle lies to that of the request (Cristian's algorithm).
 */
export class ClockSkew {
  readonly #pairs = new Map<number, Estimate>();

  add({ caller, callee, callStart, callDuration, start, duration }: Join): void {
    const spare = callDuration - duration;
    if (spare < 0 || caller === callee) return;
    const offset = start + duration / 2 - (callStart + callDuration / 2);
    const error = spare / 2;
    const key = caller * 65_536 + callee;
    const known = this.#pairs.get(key);
    if (known === undefined) {
      if (this.#pairs.size < maxPairs) this.#pairs.set(key, { offset, error, samples: 1, at: callStart });
      return;
    }
    known.samples += 1;
    if (error <= known.error || callStart - known.at > maxAge) {
      known.offset = offset;
      known.error = error;
      known.at = callStart;
    }
  }

  /** Of two resources, in nanoseconds; 0 where no difference is proven. */
  between(caller: number, callee: number): number {
    const known = this.#pairs.get(caller * 65_536 + callee);
    return known === undefined || Math.abs(known.offset) <= known.error ? 0 : known.offset;
  }

  /** The pairs whose clocks are proven to differ. */
  *proven(): Generator<{ caller: number; callee: number; offsetMs: number; errorMs: number }> {
    for (const [key, { offset, error, samples }] of this.#pairs) {
      if (samples < 3 || Math.abs(offset) <= error) continue;
      yield {
        caller: Math.floor(key / 65_536),
        callee: key % 65_536,
        offsetMs: offset / 1e6,
        errorMs: error / 1e6,
      };
    }
  }
}
