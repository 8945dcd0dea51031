import type { BreakerRuntime } from './runtime.js';
import type { BreakerSnapshot, BreakerState } from './snapshot.js';

/**
 * What moved a circuit from one state to another: the calls in its window, or its probes, reached `failureRatio` (`failure-ratio`,
 * `probes-failed`) or `slowRatio` (`slow-ratio`), or the probes can no longer reach either (`probes-passed`); the upstream asked to be
 * left alone (`retry-after`, see `holdOnRetryAfter`); the open period was over (`elapsed`); or somebody moved it by hand.
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

/** The last 50 transitions of a breaker, and who wants to hear of the next. */
export class TransitionLog {
  readonly #entries: Transition[] = [];
  #listeners: readonly TransitionListener[] = [];
  // Not empty while listeners are being told. A listener that moves the circuit again is heard of after this one, not within it.
  readonly #untold: Transition[] = [];

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

  /** Keeps the transition and tells the listeners, in order; what one of them throws goes to the runtime. */
  add(transition: Transition, name: string, runtime: BreakerRuntime): void {
    this.#entries.push(transition);
    if (this.#entries.length > kept) this.#entries.shift();
    this.#untold.push(transition);
    if (this.#untold.length > 1) return;
    for (let next = this.#untold[0]; next !== undefined; next = this.#untold[0]) {
      const told = next;
      guarded(() => runtime.onTransition?.(name, told), runtime);
      for (const listener of this.#listeners) guarded(() => listener(told), runtime);
      this.#untold.shift();
    }
  }
}

function guarded(tell: () => void, runtime: BreakerRuntime): void {
  try {
    tell();
  } catch (error) {
    runtime.caught(error);
  }
}
