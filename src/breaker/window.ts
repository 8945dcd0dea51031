import { CountWindow } from './count-window.js';
import type { BreakerConfig } from './options.js';
import { TimeWindow } from './time-window.js';

/** The calls a breaker judges by. Every operation is O(1), amortised; only {@link reasons} looks at all of it. */
export interface Window {
  readonly calls: number;
  readonly failures: number;
  /** Slow calls, whether they failed or not. */
  readonly slow: number;
  /** Counts one call; the stamp it returns can be handed to {@link forgetSlow}. */
  record(now: number, failed: boolean, slow: boolean, reason?: string): number;
  /** Takes back a call that was recorded as slow and not failed, unless it has left the window already. */
  forgetSlow(stamp: number): void;
  /** Drops what has become too old. */
  expire(now: number): void;
  /** Failed calls by reason, and under 'slow' the slow ones that did not fail. */
  reasons(): Record<string, number>;
}

export function createWindow(config: BreakerConfig): Window {
  return config.windowCalls === undefined
    ? new TimeWindow(config.windowMs)
    : new CountWindow(config.windowCalls);
}
