import { HalfOpen } from './half-open.js';
import type { BreakerConfig, BreakerMode } from './options.js';
import type { FailureDetails, IssuedPermit } from './permit.js';
import { SLOW } from './reason-counts.js';
import type { BreakerRuntime } from './runtime.js';
import { type BreakerSnapshot, type BreakerState, countsOf } from './snapshot.js';
import { CLOSED, openedAt, retryAfterMs, type State, stateAt } from './state.js';
import { Tally } from './tally.js';
import { type Transition, type TransitionCause, TransitionLog } from './transition-log.js';
import { backOffMs, decisionOf, tripOf } from './verdict.js';
import { createWindow, type Window } from './window.js';

/**
 * The states of a circuit and what moves it between them. Each change begins a new generation, with an empty window where it
 * closes or half-opens. The window and the log are made when they are first needed.
 *
 *     closed ──ratio reached, hold──▶ open ──time is up, next call──▶ half-open ──enough probes pass──▶ closed
 *                                      ▲────── too many probes fail ──────┘
 */
export class StateMachine {
  readonly name: string;
  readonly runtime: BreakerRuntime;
  rejected = 0;
  late = 0;
  /** How the upstream failed last, of what was counted; undefined where it has not. */
  lastFailure: 'answer' | 'error' | undefined = undefined;
  #config: BreakerConfig;
  #mode: BreakerMode;
  #state: State = CLOSED;
  #generation = 0;
  // Times it opened since it was last closed, holds left out.
  #attempts = 0;
  #window: Window | undefined = undefined;
  #log: TransitionLog | undefined = undefined;

  constructor(name: string, config: BreakerConfig, runtime: BreakerRuntime) {
    this.name = name;
    this.runtime = runtime;
    this.#config = config;
    this.#mode = config.mode;
  }

  get config(): BreakerConfig {
    return this.#config;
  }

  get mode(): BreakerMode {
    return this.#mode;
  }

  get state(): State {
    return this.#state;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Calls in the window. */
  get calls(): number {
    return this.#window?.calls ?? 0;
  }

  get log(): TransitionLog {
    this.#log ??= new TransitionLog();
    return this.#log;
  }

  get transitions(): readonly Transition[] {
    return this.#log?.entries ?? [];
  }

  /** The state once time has done its part: an open circuit whose time is up is half-open from here on. */
  stateAfterTime(now: number): State {
    const state = this.#state;
    if (state.kind !== 'open' || now < state.until) return state;
    this.move(new HalfOpen(state, this.#config), 'elapsed', now);
    // Read again: a listener may have moved it on.
    return this.#state;
  }

  /** Counts a call of a closed circuit that was not slow. */
  countSuccess(now: number): void {
    this.#window ??= createWindow(this.#config);
    const window = this.#window;
    window.record(now, false, false);
    // It can still trip: by completing the minimum, or when what aged out just now was good.
    if (window.failures !== 0 || window.slow !== 0) this.#judge(window, now, undefined, undefined);
  }

  /** As {@link countSuccess} where there is nothing to judge; else does nothing and returns false. */
  countClean(): boolean {
    const window = this.#window;
    if (window === undefined || window.failures !== 0 || window.slow !== 0) return false;
    window.record(this.runtime.now(), false, false);
    return true;
  }

  count(
    now: number,
    permit: IssuedPermit,
    failed: boolean,
    slow: boolean,
    reason: string | undefined,
    details: FailureDetails | undefined,
  ): void {
    this.#window ??= createWindow(this.#config);
    const window = this.#window;
    if (failed) this.#noteFailure(details);
    window.record(now, failed, slow, reason);
    this.#judge(window, now, permit, details?.retryAfterMs);
  }

  /** Counts a probe as failed that was counted as a success when the upstream began to answer. */
  countAfterAll(
    now: number,
    permit: IssuedPermit,
    reason: string,
    details: FailureDetails | undefined,
  ): void {
    const window = this.#window;
    const { countedAs } = permit;
    if (!(window instanceof Tally) || countedAs === undefined) return;
    this.#noteFailure(details);
    window.turn(countedAs, reason);
    this.#judge(window, now, permit, details?.retryAfterMs);
  }

  /** Counts a call as slow that has not ended yet. */
  countAhead(now: number, permit: IssuedPermit): void {
    this.#window ??= createWindow(this.#config);
    const window = this.#window;
    permit.countedAhead = { window, stamp: window.record(now, false, true, SLOW) };
    this.#judge(window, now, permit, undefined);
  }

  /** Opens at once for the time that the upstream has asked for. */
  hold(now: number, forMs: number, permit: IssuedPermit): void {
    this.lastFailure = 'answer';
    this.#open(now, Math.min(forMs, this.#config.maxOpenMs), 'retry-after', permit);
  }

  move(
    next: State,
    why: TransitionCause,
    now: number,
    permit?: IssuedPermit,
    from = this.#visibleState,
  ): void {
    const window = this.#window;
    const minimum = this.#minimum;
    window?.expire(now);
    this.#state = next;
    this.#generation += 1;
    if (next.kind === 'closed') this.#attempts = 0;
    if (next.kind === 'half-open') this.#window = new Tally();
    else if (next.kind !== 'open') this.#window = undefined;
    const to = this.#visibleState;
    if (from === to) return;
    const transition: Transition = {
      from,
      to,
      why,
      at: now,
      generation: this.#generation,
      reasons: window?.reasons() ?? {},
      snapshot: this.#snapshotOf(window, minimum, now),
      ...(permit?.evidence === undefined ? undefined : { evidence: permit.evidence }),
    };
    this.log.add(transition, this.name, this.runtime);
  }

  setMode(mode: BreakerMode, now: number): void {
    if (mode === this.#mode) return;
    const from = this.#visibleState;
    const isNewStart = mode === 'off' || this.#mode === 'off';
    this.#mode = mode;
    const next = this.#state.kind === 'forced-open' ? this.#state : CLOSED;
    if (isNewStart) this.move(next, 'mode', now, undefined, from);
  }

  /** A mode that was set by hand stays, unless the new options name another than the old ones did. */
  setConfig(config: BreakerConfig, now: number): void {
    const before = this.#config;
    this.#config = config;
    const isOtherWindow = before.windowMs !== config.windowMs || before.windowCalls !== config.windowCalls;
    if (isOtherWindow && this.#state.kind === 'closed') this.#window = undefined;
    if (before.mode !== config.mode) this.setMode(config.mode, now);
  }

  snapshot(now: number): BreakerSnapshot {
    const window = this.#window;
    window?.expire(now);
    // A window whose calls have all expired is released here: without calls to the upstream, only snapshots come by.
    if (this.#state.kind === 'closed' && window?.calls === 0) this.#window = undefined;
    return this.#snapshotOf(window, this.#minimum, now);
  }

  #noteFailure(details: FailureDetails | undefined): void {
    this.lastFailure = details?.isAnswer === true ? 'answer' : 'error';
  }

  #judge(
    window: Window,
    now: number,
    permit: IssuedPermit | undefined,
    retryAfterMs: number | undefined,
  ): void {
    const state = this.#state;
    const config = this.#config;
    const cause =
      state.kind === 'half-open' ? decisionOf(window, state.probes, config) : tripOf(window, config);
    if (cause === undefined) return;
    if (cause === 'probes-passed') {
      this.move(CLOSED, cause, now, permit);
    } else {
      this.#attempts += 1;
      this.#open(now, this.#openPeriodMs(retryAfterMs), cause, permit);
    }
  }

  #openPeriodMs(retryAfterMs: number | undefined): number {
    const { maxOpenMs, jitterRatio } = this.#config;
    // An upstream that has named a time gets that one.
    if (retryAfterMs !== undefined && retryAfterMs > 0) return Math.min(retryAfterMs, maxOpenMs);
    // Longer by chance, so that many callers do not return together.
    return backOffMs(this.#attempts, this.#config) * (1 + jitterRatio * this.runtime.random());
  }

  #open(now: number, periodMs: number, why: TransitionCause, permit: IssuedPermit | undefined): void {
    this.move({ kind: 'open', openedAt: now, until: now + periodMs }, why, now, permit);
  }

  // The state without regard to time: an open circuit is open until a call asks for a permit.
  get #visibleState(): BreakerState {
    return this.#mode === 'off' ? 'off' : this.#state.kind;
  }

  get #minimum(): number {
    return this.#state.kind === 'half-open' ? this.#state.probes : this.#config.minimumCalls;
  }

  #snapshotOf(window: Window | undefined, minimum: number, now: number): BreakerSnapshot {
    return {
      state: stateAt(this.#state, this.#mode, now),
      ...countsOf(window, minimum, this.#config.slowCallMs),
      rejected: this.rejected,
      late: this.late,
      openedAt: openedAt(this.#state, this.#mode),
      retryAfterMs: retryAfterMs(this.#state, this.#mode, now),
    };
  }
}
