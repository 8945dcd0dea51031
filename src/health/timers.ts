import type { Timers } from '../core/timers.js';

/** The longest delay a Node timer can hold; a longer one would fire at once. */
export const maxTimerMs = 2_147_483_647;

/** Resolves when `work` has settled or `ms` have passed, whichever is first; never rejects and leaves no timer behind. */
export function atMost(timers: Timers, ms: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = timers.set(resolve, ms);
    const end = () => {
      timers.clear(timer);
      resolve();
    };
    work.then(end, end);
  });
}
