// Not the global of the same name, which is looked up each time.
import { performance } from 'node:perf_hooks';

/** Where time comes from. Injected everywhere, so that a test is exact. */
export interface Clock {
  /** Monotonic milliseconds since an arbitrary origin, with fractions: for durations and deadlines. */
  now(): number;
  /** Wall-clock milliseconds since the Unix epoch, with fractions: for timestamps only. */
  epochMs(at?: number): number;
}

// The wall clock may be stepped or slewed away from the monotonic one. Timestamps follow it when they part by more than this.
const maxDriftMs = 5;
const driftCheckIntervalMs = 1_000;

/**
 * The clock of the process: `performance.now()` for durations, and timestamps with its resolution that follow the wall clock
 * (checked once a second) so that a long-running process or a resumed laptop does not drift away from its peers.
 */
export function createSystemClock(): Clock {
  let offsetMs = Date.now() - performance.now();
  let checkedAt = performance.now();
  return {
    now: () => performance.now(),
    epochMs(at = performance.now()) {
      // Most moments that are asked about have just passed; only one that is newer than the last check makes another due.
      if (at - checkedAt > driftCheckIntervalMs) {
        const now = performance.now();
        checkedAt = now;
        const measured = Date.now() - now;
        if (Math.abs(measured - offsetMs) > maxDriftMs) offsetMs = measured;
      }
      return at + offsetMs;
    },
  };
}
