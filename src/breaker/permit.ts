import type { Bulkhead } from './bulkhead.js';
import type { Window } from './window.js';

/** What is known of a failure besides its reason. */
export interface FailureDetails {
  /** The upstream answered, and badly: `openAs: 'last'` goes by this. @default false */
  readonly isAnswer?: boolean;
  /**
   * The `Retry-After` of that answer, in milliseconds: how long the circuit stays open if this failure opens it, at most `maxOpenMs`.
   * 0 or less is taken as left out. @default the open period
   */
  readonly retryAfterMs?: number | undefined;
}

/**
 * Leave to make one call. The first of `success`, `failure`, `ignore` and `hold` to be called ends it, any later call of any of
 * them does nothing.
 */
export interface Permit {
  /** Anything that identifies the call, such as its trace context; a transition that this call causes carries it. */
  evidence: unknown;
  /** The call succeeded; it took `durationMs`, measured from the permit if left out. */
  success(durationMs?: number): void;
  /** The call failed. `reason` is one of few fixed words, 'failure' if left out; transitions count by it. */
  failure(durationMs?: number, reason?: string, details?: FailureDetails): void;
  /**
   * The upstream has begun to answer, and well; the permit is not ended. The time from here on is the reader's: it makes no call slow.
   * A probe counts as a success from here on, for its body may have no end. Ended as a failure while the circuit is still half-open,
   * it counts as that in place of the success; later it counts for nothing. Does nothing the second time.
   */
  answering(): void;
  /** The call says nothing about the upstream: its caller gave up, or was wrong. Nothing is recorded. */
  ignore(): void;
  /**
   * The upstream asked to be left alone (Retry-After): opens the circuit at once for that many milliseconds, at most `maxOpenMs`
   * and never longer, without counting as a failure and without raising the back-off. 0 or less is taken as {@link ignore}.
   */
  hold(retryAfterMs: number): void;
}

// In place of the generation of a permit that belongs to none.
export const ENDED = -1;
/** Let through by observe mode where it would have been rejected. */
export const WOULD_BE_REJECTED = -2;
/** Issued while the breaker was off. */
export const UNRECORDED = -3;

/** Where a call was counted that has not ended yet. */
export interface CountedAhead {
  readonly window: Window;
  readonly stamp: number;
}

/** What a permit reports to. */
export interface PermitIssuer {
  record(
    permit: IssuedPermit,
    failed: boolean,
    durationMs: number | undefined,
    reason: string | undefined,
    details: FailureDetails | undefined,
  ): void;
  answering(permit: IssuedPermit): void;
  ignore(permit: IssuedPermit): void;
  hold(permit: IssuedPermit, retryAfterMs: number): void;
}

/** A {@link Permit} as its breaker sees it. */
export class IssuedPermit implements Permit {
  /**
   * One that is always alive. At a full collection V8 discards the code that it made for a class of which no object is left, and
   * in a process with no call under way the next thousands of permits then cost three times as much (measured on Node 20).
   */
  static readonly kept = new IssuedPermit(
    { record() {}, answering() {}, ignore() {}, hold() {} },
    ENDED,
    Number.NaN,
    undefined,
  );

  evidence: unknown = undefined;
  /** Which generation of the state machine issued it, or one of the marks above. */
  generation: number;
  /** NaN where nothing depends on how long the call takes. */
  readonly startedAt: number;
  /** Where it has a place, until that is left. */
  bulkhead: Bulkhead | undefined;
  /** Links of the list of permits that are out. */
  previous: IssuedPermit | undefined = undefined;
  next: IssuedPermit | undefined = undefined;
  /** Set when the call was counted as slow before it ended. */
  countedAhead: CountedAhead | undefined = undefined;
  /** What the call had taken when the upstream began to answer; undefined until it does. */
  answeredMs: number | undefined = undefined;
  /** What a probe was counted as when the upstream began to answer. */
  countedAs: 'success' | 'slow' | undefined = undefined;
  readonly #issuer: PermitIssuer;

  constructor(issuer: PermitIssuer, generation: number, startedAt: number, bulkhead: Bulkhead | undefined) {
    this.#issuer = issuer;
    this.generation = generation;
    this.startedAt = startedAt;
    this.bulkhead = bulkhead;
  }

  /** Leaves its place among the calls under way: the upstream has done its part, and is waited for no more. */
  leavePlace(): void {
    this.bulkhead?.leave();
    this.bulkhead = undefined;
  }

  success(durationMs?: number): void {
    this.#issuer.record(this, false, durationMs, undefined, undefined);
  }

  failure(durationMs?: number, reason?: string, details?: FailureDetails): void {
    this.#issuer.record(this, true, durationMs, reason, details);
  }

  answering(): void {
    this.#issuer.answering(this);
  }

  ignore(): void {
    this.#issuer.ignore(this);
  }

  hold(retryAfterMs: number): void {
    this.#issuer.hold(this, retryAfterMs);
  }
}
