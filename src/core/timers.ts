/** Where delayed work comes from. Injected, so that a test is exact. */
export interface Timers {
  /** Runs `run` once after `delayMs` and returns what {@link Timers.clear} takes. */
  set(run: () => void, delayMs: number): unknown;
  /** Forgets a timer; one that has run, or `undefined`, is no error. */
  clear(handle: unknown): void;
}

/** The longest delay a Node timer can hold; a longer one would fire at once. */
export const maxTimerMs = 2 ** 31 - 1;

const clear = (handle: unknown) => clearTimeout(handle as NodeJS.Timeout | undefined);

/** Timers that keep the process alive: it has to wait for them. */
export const holdingTimers: Timers = { set: (run, delayMs) => setTimeout(run, delayMs), clear };

/** Timers that never keep the process alive. */
export const backgroundTimers: Timers = { set: (run, delayMs) => setTimeout(run, delayMs).unref(), clear };

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
