import type { BreakerRuntime } from './runtime.js';
import type { BreakerSnapshot, BreakerState } from './snapshot.js';

/**
 * What moved a circuit from one state to another: the calls in its window, or its probes, reached `failureRatio` (`failure-ratio`,
 * `probes-failed`) or `slowRatio` (`slow-ratio`), or the probes can no longer reach either (`probes-passed`); the upstream asked to be
 * left alone (`retry-after`, see `holdOnRetryAfter`); the open period was over (`elapsed`); or an operator moved it.
 */
export type TransitionCause =
  | 'failure-ratio'
  | 'slow-ratio'
  | 'retry-after'
  | 'probes-failed'
  | 'probes-passed'
  | 'elapsed'
  | 'forced'
  | 'released'
  | 'reset'
  | 'mode';

/** One change of state, and what it was decided on. */
export interface Transition {
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly why: TransitionCause;
  /** Monotonic milliseconds of the breaker's clock. */
  readonly at: number;
  /** Number of the state that begins here; results of calls from before it no longer count. */
  readonly generation: number;
  /** The failed calls that were counted, by reason; 'slow' are those that were slow and did not fail. */
  readonly reasons: Readonly<Record<string, number>>;
  /** The counts that were decided on, together with the new state. */
  readonly snapshot: BreakerSnapshot;
  /** What the permit of the call that caused it carried. Absent where no call did. */
  readonly evidence?: unknown;
}

export type TransitionListener = (transition: Transition) => void;

const kept = 50;

/** The last 50 transitions of a breaker, and its listeners. */
export class TransitionLog {
  readonly #entries: Transition[] = [];
  #listeners: readonly TransitionListener[] = [];
  // Not empty while listeners run. A transition that a listener causes is reported after the current one, not within it.
  readonly #pending: Transition[] = [];

  get entries(): readonly Transition[] {
    return this.#entries.slice();
  }

  /** Returns what ends it. The same function added twice is called twice. */
  listen(listener: TransitionListener): () => void {
    const own: TransitionListener = (transition) => listener(transition);
    this.#listeners = [...this.#listeners, own];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== own);
    };
  }

  /** Keeps the transition and calls the listeners, in order; what one of them throws goes to the runtime. */
  add(transition: Transition, name: string, runtime: BreakerRuntime): void {
    this.#entries.push(transition);
    if (this.#entries.length > kept) this.#entries.shift();
    this.#pending.push(transition);
    if (this.#pending.length > 1) return;
    for (let next = this.#pending[0]; next !== undefined; next = this.#pending[0]) {
      const transition = next;
      guarded(() => runtime.onTransition?.(name, transition), runtime);
      for (const listener of this.#listeners) guarded(() => listener(transition), runtime);
      this.#pending.shift();
    }
  }
}

function guarded(notify: () => void, runtime: BreakerRuntime): void {
  try {
    notify();
  } catch (error) {
    runtime.caught(error);
  }
}
