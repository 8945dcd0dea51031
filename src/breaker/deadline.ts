import type { Timers } from '../core/timers.js';

/** What a {@link createDeadline} is made of. */
export interface DeadlineOptions {
  readonly timeoutMs: number;
  readonly timers: Timers;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Called once, when the time is up. `stalledMs` is by how much this process was late to notice; 0 when it was on time. */
  readonly onExpired: (stalledMs: number) => void;
}

/** A running deadline. */
export interface Deadline {
  /** Ends it; it will not expire any more. */
  clear(): void;
}

/** A process that stood still for longer than this is the suspect itself for whatever took too long, in milliseconds. */
export const STALL_MS = 100;

// A timer this late was held up by a blocked event loop, and so were the answers that came in meanwhile.
const toleratedLagMs = 20;
// Long enough to read what arrived during the block, short enough that a call that really hangs ends hardly later.
const graceMs = 50;

/**
 * A timeout that does not blame the upstream for a blocked event loop: when its timer fires more than 20 ms late, the call gets
 * one grace period of 50 ms, or of `timeoutMs` if that is shorter, in which an answer that is already there can be read.
 */
export function createDeadline({ timeoutMs, timers, now, onExpired }: DeadlineOptions): Deadline {
  const startedAt = now();
  let stalledMs = 0;
  let handle = timers.set(onTimer, timeoutMs);

  function onTimer(): void {
    const lateMs = now() - startedAt - timeoutMs;
    if (lateMs > toleratedLagMs) {
      stalledMs = lateMs;
      handle = timers.set(onGraceOver, Math.min(graceMs, timeoutMs));
    } else {
      onExpired(0);
    }
  }

  function onGraceOver(): void {
    onExpired(stalledMs);
  }

  return { clear: () => timers.clear(handle) };
}
