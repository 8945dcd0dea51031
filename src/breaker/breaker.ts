import { text } from '../core/check.js';
import { Circuit } from './circuit.js';
import type { CircuitOpenError } from './circuit-open-error.js';
import { type BreakerMode, type BreakerOptions, resolveBreaker } from './options.js';
import type { Permit } from './permit.js';
import type { RunOptions } from './run.js';
import { type BreakerRuntime, createRuntime } from './runtime.js';
import type { BreakerSnapshot, BreakerState } from './snapshot.js';
import type { Transition, TransitionListener } from './transition-log.js';

/** Keeps an open circuit open until it is released. */
export interface ForcedOpen {
  /** Closes the circuit, with an empty window, unless another caller still holds it open. A second call does nothing. */
  release(): void;
}

/** A circuit breaker. It has no timer: time passes when it is asked. */
export interface Breaker {
  readonly name: string;
  readonly state: BreakerState;
  readonly mode: BreakerMode;
  /** Milliseconds until an open circuit lets probes through; 0 in every other state. */
  readonly retryAfterMs: number;
  /** Calls that observe mode let through although they would have been rejected, and that failed. */
  readonly observedFailures: number;
  /**
   * How a call over HTTP is rejected now: with a 503 response, or with the {@link CircuitOpenError}. It follows `openAs`; for `'last'`,
   * the kind of the last failure of the upstream, or the error while the circuit is closed or where no failure is known.
   */
  readonly rejectsAs: 'error' | 'response';
  /** Calls under way, known only where `maxConcurrent` is set, else 0. */
  readonly inFlight: number;
  /** The last 50 changes of state, oldest first. */
  readonly transitions: readonly Transition[];

  /** Leave to make one call, or undefined if it must not be made. Every permit must be ended, by one of its methods. */
  tryAcquire(): Permit | undefined;
  /** The error for a caller that {@link tryAcquire} has just turned away. */
  rejection(): CircuitOpenError;
  /**
   * Makes a call under the breaker and returns what it returns. A throw is a failure, unless `isFailure` says otherwise or
   * `options.signal` was aborted before. The signal that `fn` gets is aborted with that one, and after `timeoutMs`, which also
   * ends the wait with a `TimeoutError`.
   * @throws CircuitOpenError `ERR_CIRCUIT_OPEN` when the call is turned away.
   */
  run<T>(fn: (signal: AbortSignal) => T | PromiseLike<T>, options?: RunOptions): Promise<T>;
  snapshot(): BreakerSnapshot;
  /** Opens the circuit until the returned hold is released, or {@link forceClose} or {@link reset} is called. */
  forceOpen(): ForcedOpen;
  /** Closes the circuit, with an empty window and no back-off. It may open again at once by what it then sees. */
  forceClose(): void;
  /** As new: closed, with an empty window, no back-off and all counters 0. Mode, options and transitions stay. */
  reset(): void;
  /** @throws GoldenSignalsError `ERR_GS_OPTION` on any other value than the three modes. */
  setMode(mode: BreakerMode): void;
  /**
   * Replaces all options; one that is left out goes back to its default. The state stays as it is, a window of another size starts empty.
   * @throws GoldenSignalsError `ERR_GS_OPTION` on an unknown name or a value out of range, and changes nothing.
   */
  configure(options: BreakerOptions): void;
  /** Calls the listener after each change of state; the function returned removes it. An exception of a listener affects no call. */
  onTransition(listener: TransitionListener): () => void;
}

/** What {@link createBreaker} can be given besides options: a name for errors, and time and chance for tests. */
export interface BreakerDependencies extends Partial<BreakerRuntime> {
  /** @default 'breaker' */
  readonly name?: string;
}

/**
 * Makes a circuit breaker, for anything that can fail.
 * @throws GoldenSignalsError `ERR_GS_OPTION` on an unknown name or a value out of range.
 */
export function createBreaker(options: BreakerOptions = {}, dependencies: BreakerDependencies = {}): Breaker {
  const { name = 'breaker', ...given } = dependencies;
  text('name', name);
  const isUsual = Object.keys(given).length === 0;
  return new Circuit(name, resolveBreaker(options), isUsual ? systemRuntime : createRuntime(given));
}

// Shared: by itself it is larger than a breaker.
const systemRuntime = createRuntime({});
