import { backgroundTimers, type Timers } from '../core/timers.js';
import type { Transition } from './transition-log.js';

/** What breakers need from outside. One object may serve many. */
export interface BreakerRuntime {
  /** Monotonic milliseconds. One that is set back after all is taken to stand still meanwhile. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly timers: Timers;
  /** True while this process is too slow itself to judge others by their time: no call is slow then, and a timeout is no evidence. */
  readonly isStalled: () => boolean;
  /** Takes what a listener or an `isFailure` of the user threw. Must not throw. */
  readonly caught: (error: unknown) => void;
  /** Called for each transition of every breaker with this runtime, before the breaker's own listeners. */
  readonly onTransition?: ((name: string, transition: Transition) => void) | undefined;
}

let hasWarned = false;

/** Completes a runtime with the clock, randomness and timers of the process; its timers do not keep the process alive. */
export function createRuntime(given: Partial<BreakerRuntime>): BreakerRuntime {
  // The global is looked up each time that it is named.
  const { performance } = globalThis;
  return {
    now: given.now === undefined ? () => performance.now() : createForwardClock(given.now),
    random: given.random ?? Math.random,
    timers: given.timers ?? backgroundTimers,
    isStalled: given.isStalled ?? (() => false),
    caught: given.caught ?? warnOnce,
    onTransition: given.onTransition,
  };
}

/** A clock that never goes back: where `read` returns less than before, it repeats its last reading and counts on from there. */
function createForwardClock(read: () => number): () => number {
  let last = Number.NEGATIVE_INFINITY;
  let setBackMs = 0;
  return () => {
    const reading = read();
    if (reading < last) setBackMs += last - reading;
    last = reading;
    return reading + setBackMs;
  };
}

function warnOnce(error: unknown): void {
  if (hasWarned) return;
  hasWarned = true;
  process.emitWarning(
    `a circuit breaker goes on without a callback that threw: ${textOf(error)}`,
    'GoldenSignalsWarning',
  );
}

function textOf(error: unknown): string {
  try {
    return String(error);
  } catch {
    return 'unprintable';
  }
}
