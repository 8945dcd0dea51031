/** The rules of a console are evaluated at whole multiples of it, in milliseconds. */
const evaluationMs = 5_000;

/**
 * A clock and timers for a console that move only when told to; `pass` lets so many milliseconds pass, with all evaluations of rules that
 * fall due in them. Timers are late by a millisecond, always, so that no other one than the next evaluation is at a whole multiple.
 */
export function createManualTime(startMs) {
  let nowMs = startMs + 1;
  const due = new Set();
  const first = (untilMs) => {
    let found;
    for (const timer of due)
      if (timer.atMs <= untilMs && (found === undefined || timer.atMs < found.atMs)) found = timer;
    return found;
  };
  return {
    now: () => nowMs,
    timers: {
      set(run, delayMs) {
        const timer = { atMs: nowMs + delayMs, run };
        due.add(timer);
        return timer;
      },
      clear: (timer) => void due.delete(timer),
    },
    async pass(ms) {
      const untilMs = nowMs + ms;
      for (let next = first(untilMs); next !== undefined; next = first(untilMs)) {
        due.delete(next);
        nowMs = Math.max(nowMs, next.atMs + 1);
        next.run();
        // The next evaluation is set once the last one has ended.
        while (![...due].some(({ atMs }) => atMs % evaluationMs === 0))
          await new Promise((resolve) => setImmediate(resolve));
      }
      nowMs = untilMs;
    },
  };
}
