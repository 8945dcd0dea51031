/** Where delayed work comes from. Injected, so that a test is exact; in production a `setTimeout`, unref'ed unless the process has to wait for it. */
export interface Timers {
  /** Runs `run` once after `delayMs` and returns what {@link Timers.clear} takes. */
  set(run: () => void, delayMs: number): unknown;
  /** Forgets a timer; one that has run, or `undefined`, is no error. */
  clear(handle: unknown): void;
}
