import type { Clock } from '../../src/core/clock.js';

interface Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** A clock and timers that move only when told to; wall time starts at 2026-11-23T01:00:00Z. */
export interface FakeClock extends Clock {
  set(run: () => void, delayMs: number): unknown;
  clear(handle: unknown): void;
  /** How many timers are set. */
  readonly pending: number;
  /** Moves time and runs what falls due, in order, without letting promises settle in between. */
  advanceNow(ms: number): void;
  /** Moves time and runs what falls due, in order; promises settle before and after each timer. */
  advance(ms: number): Promise<void>;
  /** Moves time alone, as a blocked event loop does: what falls due runs at the next advance. */
  stall(ms: number): void;
}

export const fakeEpochMs = Date.UTC(2026, 10, 23, 1, 0, 0);

/** Lets every promise that can settle do so. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function createFakeClock(startMs = 1_000): FakeClock {
  const due = new Set<Due>();
  let now = startMs;
  let orders = 0;

  function takeNext(until: number): Due | undefined {
    let next: Due | undefined;
    for (const timer of due) {
      if (timer.at > until) continue;
      if (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order))
        next = timer;
    }
    if (next === undefined) return undefined;
    due.delete(next);
    now = Math.max(now, next.at);
    return next;
  }

  return {
    now: () => now,
    epochMs: (at = now) => fakeEpochMs + (at - startMs),
    set(run, delayMs) {
      orders += 1;
      const timer = { at: now + delayMs, order: orders, run };
      due.add(timer);
      return timer;
    },
    clear: (handle) => void due.delete(handle as Due),
    get pending() {
      return due.size;
    },
    advanceNow(ms) {
      const until = now + ms;
      for (let timer = takeNext(until); timer !== undefined; timer = takeNext(until)) timer.run();
      now = until;
    },
    async advance(ms) {
      const until = now + ms;
      await settled();
      for (let timer = takeNext(until); timer !== undefined; timer = takeNext(until)) {
        timer.run();
        await settled();
      }
      now = until;
    },
    stall(ms) {
      now += ms;
    },
  };
}
