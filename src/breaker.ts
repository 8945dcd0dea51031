export {
  type Breaker,
  type BreakerDependencies,
  createBreaker,
  type ForcedOpen,
} from './breaker/breaker.js';
export { CircuitOpenError, isCircuitOpenError, type RejectionCause } from './breaker/circuit-open-error.js';
export type {
  BreakerMode,
  BreakerOptions,
  BreakerOutcome,
  IsFailure,
  RetryOptions,
} from './breaker/options.js';
export type { Permit } from './breaker/permit.js';
export type { RunOptions } from './breaker/run.js';
export type { BreakerRuntime } from './breaker/runtime.js';
export type { BreakerCounts, BreakerSnapshot, BreakerState } from './breaker/snapshot.js';
export type { Transition, TransitionCause, TransitionListener } from './breaker/transition-log.js';
export type { Timers } from './core/timers.js';
