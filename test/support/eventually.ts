import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';

/** Longer than a busy machine needs, and shorter than the limit of a test: it says what was waited for. */
const patienceMs = 90_000;

/** For so long every turn of the event loop is looked at; after it there are pauses, in which others get the processor. */
const eagerMs = 5;

const longestPauseMs = 16;

/** Waits without guessing how long: until it is so, or the patience of a broken test has run out. */
export async function eventually(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  const began = performance.now();
  let pauseMs = 1;
  while (!(await isSo())) {
    const waitedMs = performance.now() - began;
    if (waitedMs > patienceMs) throw new Error(`waited in vain for ${what}`);
    if (waitedMs < eagerMs) {
      await turn();
    } else {
      await pause(pauseMs);
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
  }
}
