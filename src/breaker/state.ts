import type { HalfOpen } from './half-open.js';
import type { BreakerMode } from './options.js';
import type { BreakerState } from './snapshot.js';

/** Where a circuit is. */
export type State = { readonly kind: 'closed' } | Open | HalfOpen | ForcedOpenState;

export interface Open {
  readonly kind: 'open';
  readonly openedAt: number;
  /** From this moment on, itself included, the next call is a probe. */
  readonly until: number;
}

/** Held open by hand, until the last holder releases it. */
export interface ForcedOpenState {
  readonly kind: 'forced-open';
  readonly openedAt: number;
  holders: number;
}

/** Shared by all closed circuits: they do not differ. */
export const CLOSED: State = Object.freeze({ kind: 'closed' });

/** The state to show: an open circuit whose period is over is half-open, even before a call asks for a permit. */
export function stateAt(state: State, mode: BreakerMode, now: number): BreakerState {
  if (mode === 'off') return 'off';
  return state.kind === 'open' && now >= state.until ? 'half-open' : state.kind;
}

export function retryAfterMs(state: State, mode: BreakerMode, now: number): number {
  if (state.kind !== 'open' || mode === 'off') return 0;
  // In whole microseconds: a difference of floats is a little more or less than the period.
  return Math.max(0, Math.round((state.until - now) * 1_000) / 1_000);
}

export function openedAt(state: State, mode: BreakerMode): number | undefined {
  return state.kind === 'closed' || mode === 'off' ? undefined : state.openedAt;
}
