import { runOutside } from '../context/outside.js';
import type { Timers } from '../core/timers.js';

/** Timers that never keep a process alive: telemetry is no reason to go on. */
export const backgroundTimers: Timers = {
  set(run, delayMs) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return timer;
  },
  clear: (handle) => clearTimeout(handle as NodeJS.Timeout | undefined),
};

/** The same, outside of any request: a timer that is set in one would hold it until it runs. */
export const quietTimers: Timers = {
  set: (run, delayMs) => runOutside(() => backgroundTimers.set(run, delayMs)),
  clear: backgroundTimers.clear,
};
