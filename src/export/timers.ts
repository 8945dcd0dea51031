/** Where waiting comes from. Injected, so that a test is exact. */
export interface Timers {
  set(run: () => void, delayMs: number): unknown;
  clear(handle: unknown): void;
}

/** Timers that never keep a process alive: telemetry is no reason to go on. */
export const backgroundTimers: Timers = {
  set(run, delayMs) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return timer;
  },
  clear: (handle) => clearTimeout(handle as NodeJS.Timeout | undefined),
};
