import type { Breaker, ForcedOpen } from './breaker.js';
import { Bulkhead } from './bulkhead.js';
import { type CircuitOpenError, createCircuitOpenError } from './circuit-open-error.js';
import { ForwardClock } from './forward-clock.js';
import { HalfOpen } from './half-open.js';
import { InFlight } from './in-flight.js';
import {
  type BreakerConfig,
  type BreakerMode,
  type BreakerOptions,
  checkMode,
  resolveBreaker,
} from './options.js';
import {
  ENDED,
  IssuedPermit,
  type Permit,
  type PermitIssuer,
  UNRECORDED,
  WOULD_BE_REJECTED,
} from './permit.js';
import { SLOW } from './reason-counts.js';
import { type RunOptions, run, runWithSignal } from './run.js';
import type { BreakerRuntime } from './runtime.js';
import { type BreakerSnapshot, type BreakerState, countsOf } from './snapshot.js';
import { CLOSED, type ForcedOpenState, openedAt, retryAfterMs, type State, stateAt } from './state.js';
import { Tally } from './tally.js';
import {
  type Transition,
  type TransitionCause,
  type TransitionListener,
  TransitionLog,
} from './transition-log.js';
import { backOffMs, decisionOf, tripOf } from './verdict.js';
import { createWindow, type Window } from './window.js';

/**
 * The state machine. Each change of state begins a new generation; a result counts only in the generation that issued its
 * permit. What most breakers never need (window, log, lists) is made when it is first needed: an idle one is some 300 bytes.
 *
 *     closed ──ratio reached, Retry-After──▶ open ──time is up, next call──▶ half-open ──probes pass──▶ closed
 *                                             ▲──────────── probes fail ────────┘
 */
export class Circuit implements Breaker, PermitIssuer {
  readonly name: string;
  readonly #runtime: BreakerRuntime;
  readonly #clock: ForwardClock;
  #config: BreakerConfig;
  #mode: BreakerMode;
  #state: State = CLOSED;
  #generation = 0;
  /** Times it opened since it was last closed, holds left out. */
  #attempts = 0;
  #rejected = 0;
  #late = 0;
  #observedFailures = 0;
  #window: Window | undefined;
  #inFlight: InFlight | undefined;
  #bulkhead: Bulkhead | undefined;
  #log: TransitionLog | undefined;

  constructor(name: string, config: BreakerConfig, runtime: BreakerRuntime) {
    this.name = name;
    this.#config = config;
    this.#mode = config.mode;
    this.#runtime = runtime;
    this.#clock = new ForwardClock(runtime.now);
    if (config.maxConcurrent !== undefined) this.#bulkhead = new Bulkhead(config.maxConcurrent);
  }

  get config(): BreakerConfig {
    return this.#config;
  }

  get mode(): BreakerMode {
    return this.#mode;
  }

  get state(): BreakerState {
    return stateAt(this.#state, this.#mode, this.#clock.now());
  }

  get retryAfterMs(): number {
    return retryAfterMs(this.#state, this.#mode, this.#clock.now());
  }

  get observedFailures(): number {
    return this.#observedFailures;
  }

  get inFlight(): number {
    return this.#bulkhead?.inFlight ?? 0;
  }

  get transitions(): readonly Transition[] {
    return this.#log?.entries ?? [];
  }

  tryAcquire(): Permit | undefined {
    return this.#acquire();
  }

  rejection(): CircuitOpenError {
    const { kind } = this.#state;
    const isBusy = kind === 'closed' || (kind === 'half-open' && this.#bulkhead?.hasRoom === false);
    return createCircuitOpenError(this.name, this.retryAfterMs, isBusy ? 'busy' : kind);
  }

  run<T>(fn: (signal: AbortSignal) => T | PromiseLike<T>, options?: RunOptions): Promise<T> {
    const caller = options?.signal;
    if (caller?.aborted) return Promise.reject(caller.reason);
    const permit = this.#acquire();
    if (permit === undefined) return Promise.reject(this.rejection());
    if (options?.evidence !== undefined) permit.evidence = options.evidence;
    const config = this.#config;
    return fn.length > 0 || config.timeoutMs !== undefined || caller !== undefined
      ? runWithSignal(permit, fn, config, this.#runtime, caller)
      : run(permit, fn, config, this.#runtime);
  }

  snapshot(): BreakerSnapshot {
    const now = this.#clock.now();
    const window = this.#window;
    window?.expire(now);
    // What has aged out entirely is given back, as an upstream nobody calls is looked at only here.
    if (this.#state.kind === 'closed' && window?.calls === 0) this.#window = undefined;
    return this.#snapshotOf(window, this.#minimum, now);
  }

  forceOpen(): ForcedOpen {
    let held: ForcedOpenState;
    if (this.#state.kind === 'forced-open') {
      held = this.#state;
      held.holders += 1;
    } else {
      const now = this.#clock.now();
      held = { kind: 'forced-open', openedAt: now, holders: 1 };
      this.#move(held, 'forced', now);
    }
    let isHeld = true;
    return {
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        held.holders -= 1;
        if (held.holders === 0 && this.#state === held) this.#move(CLOSED, 'released', this.#clock.now());
      },
    };
  }

  forceClose(): void {
    this.#move(CLOSED, 'forced', this.#clock.now());
  }

  reset(): void {
    this.#rejected = 0;
    this.#late = 0;
    this.#observedFailures = 0;
    this.#move(CLOSED, 'reset', this.#clock.now());
  }

  setMode(mode: BreakerMode): void {
    checkMode('mode', mode);
    if (mode === this.#mode) return;
    const from = this.#visibleState;
    const isNewStart = mode === 'off' || this.#mode === 'off';
    this.#mode = mode;
    const next = this.#state.kind === 'forced-open' ? this.#state : CLOSED;
    if (isNewStart) this.#move(next, 'mode', this.#clock.now(), undefined, from);
  }

  configure(options: BreakerOptions): void {
    this.setConfig(resolveBreaker(options));
  }

  /** As {@link configure}, with options that were checked before. A mode set by hand stays unless the new options change it. */
  setConfig(config: BreakerConfig): void {
    const before = this.#config;
    this.#config = config;
    const isOtherWindow = before.windowMs !== config.windowMs || before.windowCalls !== config.windowCalls;
    if (isOtherWindow && this.#state.kind === 'closed') this.#window = undefined;
    const limit = config.maxConcurrent ?? Number.POSITIVE_INFINITY;
    if (this.#bulkhead !== undefined) this.#bulkhead.limit = limit;
    else if (config.maxConcurrent !== undefined) this.#bulkhead = new Bulkhead(limit);
    if (before.mode !== config.mode) this.setMode(config.mode);
  }

  onTransition(listener: TransitionListener): () => void {
    this.#log ??= new TransitionLog();
    return this.#log.listen(listener);
  }

  record(
    permit: IssuedPermit,
    failed: boolean,
    durationMs: number | undefined,
    reason: string | undefined,
  ): void {
    const now = this.#clock.now();
    if (!this.#end(permit, now, failed ? 'failure' : 'success')) return;
    const { slowCallMs } = this.#config;
    const isSlow = slowCallMs !== undefined && (durationMs ?? now - permit.startedAt) > slowCallMs;
    this.#window ??= createWindow(this.#config);
    this.#window.record(now, failed, isSlow, failed ? (reason ?? 'failure') : isSlow ? SLOW : undefined);
    this.#judge(now, permit);
  }

  ignore(permit: IssuedPermit): void {
    this.#end(permit, this.#clock.now(), 'nothing');
  }

  hold(permit: IssuedPermit, retryAfterMs: number): void {
    const now = this.#clock.now();
    if (!this.#end(permit, now, 'hold')) return;
    if (retryAfterMs > 0) this.#open(now, retryAfterMs, 'retry-after', permit);
  }

  #acquire(): IssuedPermit | undefined {
    if (this.#mode === 'off') return new IssuedPermit(this, UNRECORDED, Number.NaN, undefined);
    const isTimed = this.#config.slowCallMs !== undefined;
    if (this.#state === CLOSED && !isTimed && this.#bulkhead === undefined) {
      // The usual case, and why there is no reading of the clock in it: that would be a third of what a call costs.
      return new IssuedPermit(this, this.#generation, Number.NaN, undefined);
    }
    const now = this.#clock.now();
    if (isTimed) this.#countOverdue(now);
    const state = this.#stateAfterTime(now);
    if (!this.#hasPlace(state, now)) return this.#turnAway();
    const permit = new IssuedPermit(this, this.#generation, now, this.#enterBulkhead());
    if (state.kind === 'half-open') state.lease(permit);
    if (isTimed) {
      this.#inFlight ??= new InFlight();
      this.#inFlight.add(permit);
    }
    return permit;
  }

  #turnAway(): IssuedPermit | undefined {
    this.#rejected += 1;
    if (this.#mode === 'enforce') return undefined;
    return new IssuedPermit(this, WOULD_BE_REJECTED, Number.NaN, this.#enterBulkhead());
  }

  #enterBulkhead(): Bulkhead | undefined {
    this.#bulkhead?.enter();
    return this.#bulkhead;
  }

  #hasPlace(state: State, now: number): boolean {
    if (this.#bulkhead?.hasRoom === false) return false;
    return (
      state.kind === 'closed' || (state.kind === 'half-open' && state.hasPlace(now, this.#window?.calls ?? 0))
    );
  }

  // Evidence from calls under way: one that is overdue counts as slow now, not when it ends. Each is looked at once.
  #countOverdue(now: number): void {
    const inFlight = this.#inFlight;
    const { slowCallMs } = this.#config;
    if (inFlight === undefined || slowCallMs === undefined) return;
    for (let permit = inFlight.oldest; permit !== undefined; permit = inFlight.oldest) {
      if (!(now - permit.startedAt > slowCallMs)) return;
      inFlight.remove(permit);
      if (permit.generation !== this.#generation) continue;
      if (this.#state.kind === 'half-open') this.#state.giveBack(permit, now);
      this.#window ??= createWindow(this.#config);
      permit.counted = { window: this.#window, stamp: this.#window.record(now, false, true, SLOW) };
      this.#judge(now, permit);
    }
  }

  // True when the result is to be counted.
  #end(permit: IssuedPermit, now: number, result: 'success' | 'failure' | 'hold' | 'nothing'): boolean {
    const issuedIn = permit.generation;
    if (issuedIn === ENDED) return false;
    permit.generation = ENDED;
    permit.bulkhead?.leave();
    if (issuedIn === WOULD_BE_REJECTED && result === 'failure') this.#observedFailures += 1;
    if (issuedIn === WOULD_BE_REJECTED || issuedIn === UNRECORDED) return false;
    const isCurrent = issuedIn === this.#generation && this.#giveBack(permit, now);
    if (!isCurrent && result !== 'nothing' && this.#mode !== 'off') this.#late += 1;
    return isCurrent;
  }

  // Undoes what the permit stood for while the call was under way. False when its lease has run out.
  #giveBack(permit: IssuedPermit, now: number): boolean {
    this.#inFlight?.remove(permit);
    const { counted } = permit;
    if (counted !== undefined) {
      permit.counted = undefined;
      if (counted.window === this.#window) counted.window.forgetSlow(counted.stamp);
      return true;
    }
    const state = this.#state;
    return state.kind !== 'half-open' || state.giveBack(permit, now);
  }

  #judge(now: number, permit: IssuedPermit): void {
    const window = this.#window;
    if (window === undefined) return;
    const state = this.#state;
    const cause =
      state.kind === 'half-open'
        ? decisionOf(window, state.probes, this.#config)
        : tripOf(window, this.#config);
    if (cause === undefined) return;
    if (cause === 'probes-passed') {
      this.#move(CLOSED, cause, now, permit);
    } else {
      this.#attempts += 1;
      this.#open(now, backOffMs(this.#attempts, this.#config), cause, permit);
    }
  }

  #open(now: number, periodMs: number, why: TransitionCause, permit: IssuedPermit): void {
    const { maxOpenMs, jitterRatio } = this.#config;
    // Longer, never shorter: an upstream that asked for a time gets it, and many callers still do not return together.
    const spreadMs = Math.min(periodMs, maxOpenMs) * (1 + jitterRatio * this.#runtime.random());
    this.#move({ kind: 'open', openedAt: now, until: now + spreadMs }, why, now, permit);
  }

  #stateAfterTime(now: number): State {
    const state = this.#state;
    if (state.kind !== 'open' || now < state.until) return state;
    this.#move(new HalfOpen(state, this.#config), 'elapsed', now);
    // Read again: a listener may have moved it on.
    return this.#state;
  }

  #move(
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
    this.#inFlight?.clear();
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
    this.#log ??= new TransitionLog();
    this.#log.add(transition, this.name, this.#runtime);
  }

  // What it reads as while time stands still: an open circuit is open until somebody asks for leave.
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
      rejected: this.#rejected,
      late: this.#late,
      openedAt: openedAt(this.#state, this.#mode),
      retryAfterMs: retryAfterMs(this.#state, this.#mode, now),
    };
  }
}
