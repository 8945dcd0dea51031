import { STALL_MS } from '../breaker/deadline.js';
import { runOutside } from '../context/outside.js';
import type { Clock } from '../core/clock.js';

/** Tells whether this very process has just stood still: then it is the suspect for a time-out, not the upstream. */
export interface StallWatch {
  /** Watches until the number of `leave` calls has caught up. */
  enter(): void;
  leave(): void;
  /** True within half a second of a stall of the event loop of more than 100 ms. */
  isStalled(): boolean;
  close(): void;
}

const tickMs = 100;
const rememberedMs = 500;

/** One timer for the whole process, and only while calls are under way; `onTick` hangs on it. */
export function createStallWatch(clock: Clock, onTick: () => void): StallWatch {
  let inFlight = 0;
  let timer: NodeJS.Timeout | undefined;
  let tickedAt = 0;
  let stalledAt = Number.NEGATIVE_INFINITY;

  const lagAt = (now: number) => now - tickedAt - tickMs;

  function tick(): void {
    const now = clock.now();
    if (lagAt(now) > STALL_MS) stalledAt = now;
    tickedAt = now;
    onTick();
    if (inFlight === 0) stop();
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  return {
    enter() {
      inFlight += 1;
      if (timer !== undefined) return;
      tickedAt = clock.now();
      timer = runOutside(() => setInterval(tick, tickMs).unref());
    },
    leave() {
      inFlight -= 1;
    },
    isStalled() {
      const now = clock.now();
      // A time-out that fires in the same turn as the stall's end may come before the tick.
      return (timer !== undefined && lagAt(now) > STALL_MS) || now - stalledAt < rememberedMs;
    },
    close: stop,
  };
}
