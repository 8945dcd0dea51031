import type { Window } from './window.js';

/**
 * `closed` lets calls through, `open` rejects them, `half-open` lets a few through to see, `forced-open` rejects until it is
 * released, `off` lets everything through and records nothing. An open circuit whose time is up reads `half-open`.
 */
export type BreakerState = 'closed' | 'open' | 'half-open' | 'forced-open' | 'off';

/** What a breaker knows at one moment. */
export interface BreakerSnapshot extends BreakerCounts {
  readonly state: BreakerState;
  /** Calls turned away since the start or the last reset; in observe mode those that would have been. */
  readonly rejected: number;
  /** Results that came after the state they belong to had ended, and so counted for nothing. */
  readonly late: number;
  /** When the circuit last opened, in monotonic milliseconds; undefined while it is closed or off. */
  readonly openedAt: number | undefined;
  /** Milliseconds until an open circuit lets probes through; 0 in every other state. */
  readonly retryAfterMs: number;
}

/** The calls a breaker judges by. */
export interface BreakerCounts {
  /** Calls in the window; in half-open, and in open after it, what its probes came to. */
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
  /** Failed calls as a share of all; undefined below `minimumCalls`, in half-open below `probes`. */
  readonly failureRatio: number | undefined;
  /** Slow calls as a share of all; undefined as above, and while `slowCallMs` is off. */
  readonly slowRatio: number | undefined;
}

const NOTHING = { calls: 0, failures: 0, slow: 0 } as const;

/** The counts of a window; its ratios only from `minimum` calls on. */
export function countsOf(
  window: Window | undefined,
  minimum: number,
  slowCallMs: number | undefined,
): BreakerCounts {
  const { calls, failures, slow } = window ?? NOTHING;
  const isKnown = calls > 0 && calls >= minimum;
  return {
    calls,
    failures,
    slow,
    failureRatio: isKnown ? failures / calls : undefined,
    slowRatio: isKnown && slowCallMs !== undefined ? slow / calls : undefined,
  };
}
