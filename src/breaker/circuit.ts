import type { Breaker, ForcedOpen } from './breaker.js';
import { Bulkhead } from './bulkhead.js';
import { type CircuitOpenError, createCircuitOpenError } from './circuit-open-error.js';
import { InFlight } from './in-flight.js';
import { NEVER } from './never-signal.js';
import {
  type BreakerConfig,
  type BreakerMode,
  type BreakerOptions,
  checkMode,
  resolveBreaker,
} from './options.js';
import {
  ENDED,
  type FailureDetails,
  IssuedPermit,
  type Permit,
  type PermitIssuer,
  UNRECORDED,
  WOULD_BE_REJECTED,
} from './permit.js';
import { SLOW } from './reason-counts.js';
import { endFailed, endReturned, type Guarded, type RunOptions, run } from './run.js';
import type { BreakerRuntime } from './runtime.js';
import type { BreakerSnapshot, BreakerState } from './snapshot.js';
import { CLOSED, type ForcedOpenState, retryAfterMs, type State, stateAt } from './state.js';
import { StateMachine } from './state-machine.js';
import type { Transition, TransitionListener } from './transition-log.js';

/**
 * A breaker: issues permits as its {@link StateMachine} allows, and hands it what becomes of them. A result counts only in the
 * generation that issued its permit.
 */
export class Circuit implements Breaker, PermitIssuer {
  readonly #machine: StateMachine;
  #observedFailures = 0;
  #inFlight: InFlight | undefined = undefined;
  #bulkhead: Bulkhead | undefined = undefined;
  // Nothing needs to be known of a call but whether it threw.
  #isPlain = true;

  constructor(name: string, config: BreakerConfig, runtime: BreakerRuntime) {
    this.#machine = new StateMachine(name, config, runtime);
    this.#adapt();
  }

  get name(): string {
    return this.#machine.name;
  }

  get config(): BreakerConfig {
    return this.#machine.config;
  }

  get mode(): BreakerMode {
    return this.#machine.mode;
  }

  get state(): BreakerState {
    return stateAt(this.#machine.state, this.mode, this.#machine.runtime.now());
  }

  get retryAfterMs(): number {
    return retryAfterMs(this.#machine.state, this.mode, this.#machine.runtime.now());
  }

  get observedFailures(): number {
    return this.#observedFailures;
  }

  /** True where a call would be turned away for want of a place. */
  get isFull(): boolean {
    return this.#bulkhead?.hasRoom === false;
  }

  get inFlight(): number {
    return this.#bulkhead?.inFlight ?? 0;
  }

  get rejectsAs(): 'error' | 'response' {
    const { openAs } = this.config;
    if (openAs !== 'last') return openAs;
    const { state, lastFailure } = this.#machine;
    return state.kind !== 'closed' && lastFailure === 'answer' ? 'response' : 'error';
  }

  get transitions(): readonly Transition[] {
    return this.#machine.transitions;
  }

  tryAcquire(): Permit | undefined {
    return this.#acquire();
  }

  rejection(): CircuitOpenError {
    const { kind } = this.#machine.state;
    const isBusy = kind === 'closed' || (kind === 'half-open' && this.#bulkhead?.hasRoom === false);
    return createCircuitOpenError(this.name, this.retryAfterMs, isBusy ? 'busy' : kind);
  }

  run<T>(fn: Guarded<T>, options?: RunOptions): Promise<T> {
    const machine = this.#machine;
    if (this.#isPlain && options === undefined && machine.state === CLOSED) return this.#runPlain(fn);
    const signal = options?.signal;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const permit = this.#acquire();
    if (permit === undefined) return Promise.reject(this.rejection());
    permit.evidence = options?.evidence;
    return run(permit, fn, machine.config, machine.runtime, signal);
  }

  /**
   * In place of a permit: what {@link countClean} and {@link permitFor} take at the end of a call, of which nothing needs to be known
   * but how it ended; undefined where a call needs a permit from the start. Most calls succeed, and then never need one.
   */
  get plainGeneration(): number | undefined {
    return this.#isPlain && this.#machine.state === CLOSED ? this.#machine.generation : undefined;
  }

  /** Counts the success of a call of that generation, where that can change nothing but a number; else false, and a permit has to. */
  countClean(generation: number): boolean {
    const machine = this.#machine;
    return generation === machine.generation && this.#isPlain && machine.countClean();
  }

  /** The permit of a call that has gone without one. */
  permitFor(generation: number): Permit {
    return new IssuedPermit(this, generation, Number.NaN, undefined);
  }

  snapshot(): BreakerSnapshot {
    return this.#machine.snapshot(this.#machine.runtime.now());
  }

  forceOpen(): ForcedOpen {
    const machine = this.#machine;
    const now = machine.runtime.now();
    let held: ForcedOpenState;
    if (machine.state.kind === 'forced-open') {
      held = machine.state;
      held.holders += 1;
    } else {
      held = { kind: 'forced-open', openedAt: now, holders: 1 };
      machine.move(held, 'forced', now);
    }
    let isHeld = true;
    return {
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        held.holders -= 1;
        if (held.holders === 0 && machine.state === held)
          machine.move(CLOSED, 'released', machine.runtime.now());
      },
    };
  }

  forceClose(): void {
    this.#machine.move(CLOSED, 'forced', this.#machine.runtime.now());
  }

  reset(): void {
    this.#observedFailures = 0;
    this.#machine.rejected = 0;
    this.#machine.late = 0;
    this.#machine.lastFailure = undefined;
    this.#machine.move(CLOSED, 'reset', this.#machine.runtime.now());
  }

  setMode(mode: BreakerMode): void {
    checkMode('mode', mode);
    this.#machine.setMode(mode, this.#machine.runtime.now());
    this.#adapt();
  }

  configure(options: BreakerOptions): void {
    this.setConfig(resolveBreaker(options));
  }

  /** As {@link configure}, with options that were checked before. */
  setConfig(config: BreakerConfig): void {
    this.#machine.setConfig(config, this.#machine.runtime.now());
    this.#adapt();
  }

  onTransition(listener: TransitionListener): () => void {
    return this.#machine.log.listen(listener);
  }

  record(
    permit: IssuedPermit,
    failed: boolean,
    durationMs: number | undefined,
    reason: string | undefined,
    details: FailureDetails | undefined,
  ): void {
    const machine = this.#machine;
    const now = machine.runtime.now();
    if (!this.#end(permit, failed ? 'failure' : 'success')) return;
    if (permit.countedAs !== undefined) {
      if (failed) machine.countAfterAll(now, permit, reason ?? 'failure', details);
      return;
    }
    const isSlow = this.#isSlow(durationMs ?? permit.answeredMs ?? now - permit.startedAt);
    const counted = failed ? (reason ?? 'failure') : isSlow ? SLOW : undefined;
    machine.count(now, permit, failed, isSlow, counted, details);
  }

  answering(permit: IssuedPermit): void {
    const machine = this.#machine;
    if (permit.generation !== machine.generation || permit.answeredMs !== undefined) return;
    const now = machine.runtime.now();
    permit.answeredMs = now - permit.startedAt;
    this.#inFlight?.remove(permit);
    const { state } = machine;
    if (state.kind !== 'half-open' || permit.countedAhead !== undefined) return;
    state.giveBack(permit);
    const isSlow = this.#isSlow(permit.answeredMs);
    permit.countedAs = isSlow ? SLOW : 'success';
    machine.count(now, permit, false, isSlow, isSlow ? SLOW : undefined, undefined);
  }

  ignore(permit: IssuedPermit): void {
    this.#end(permit, 'nothing');
  }

  hold(permit: IssuedPermit, forMs: number): void {
    if (!this.#end(permit, 'hold')) return;
    if (forMs > 0) this.#machine.hold(this.#machine.runtime.now(), forMs, permit);
  }

  #isSlow(durationMs: number): boolean {
    const { slowCallMs } = this.config;
    return slowCallMs !== undefined && durationMs > slowCallMs && !this.#machine.runtime.isStalled();
  }

  #acquire(): IssuedPermit | undefined {
    const machine = this.#machine;
    // The usual case has no reading of the clock in it, which would be a third of what a call costs.
    if (this.#isPlain && machine.state === CLOSED)
      return new IssuedPermit(this, machine.generation, Number.NaN, undefined);
    if (machine.mode === 'off') return new IssuedPermit(this, UNRECORDED, Number.NaN, undefined);
    const now = machine.runtime.now();
    const isTimed = machine.config.slowCallMs !== undefined;
    if (isTimed) this.#countOverdue(now, machine.config.slowCallMs);
    const state = machine.stateAfterTime(now);
    if (!this.#hasPlace(state, now)) return this.#turnAway();
    const permit = new IssuedPermit(this, machine.generation, now, this.#enterBulkhead());
    if (state.kind === 'half-open') state.lease(permit);
    if (isTimed) {
      this.#inFlight ??= new InFlight();
      this.#inFlight.add(permit);
    }
    return permit;
  }

  #turnAway(): IssuedPermit | undefined {
    this.#machine.rejected += 1;
    if (this.mode === 'enforce') return undefined;
    return new IssuedPermit(this, WOULD_BE_REJECTED, Number.NaN, this.#enterBulkhead());
  }

  #enterBulkhead(): Bulkhead | undefined {
    this.#bulkhead?.enter();
    return this.#bulkhead;
  }

  #hasPlace(state: State, now: number): boolean {
    if (this.#bulkhead?.hasRoom === false) return false;
    return (
      state.kind === 'closed' || (state.kind === 'half-open' && state.hasPlace(now, this.#machine.calls))
    );
  }

  // Evidence from calls under way: one that is overdue counts as slow now, not when it ends. Each is looked at once.
  #countOverdue(now: number, slowCallMs: number): void {
    const inFlight = this.#inFlight;
    for (let permit = inFlight?.oldest; permit !== undefined; permit = inFlight?.oldest) {
      const isCurrent = permit.generation === this.#machine.generation;
      if (isCurrent && !(now - permit.startedAt > slowCallMs)) return;
      if (this.#machine.runtime.isStalled()) return;
      inFlight?.remove(permit);
      if (!isCurrent) continue;
      const { state } = this.#machine;
      if (state.kind === 'half-open') state.giveBack(permit);
      this.#machine.countAhead(now, permit);
    }
  }

  // True when the result is to be counted.
  #end(permit: IssuedPermit, result: 'success' | 'failure' | 'hold' | 'nothing'): boolean {
    const issuedIn = permit.generation;
    if (issuedIn === ENDED) return false;
    permit.generation = ENDED;
    permit.bulkhead?.leave();
    this.#inFlight?.remove(permit);
    if (issuedIn === WOULD_BE_REJECTED && result === 'failure') this.#observedFailures += 1;
    if (issuedIn === WOULD_BE_REJECTED || issuedIn === UNRECORDED) return false;
    if (issuedIn === this.#machine.generation) {
      this.#giveBack(permit);
      return true;
    }
    const isNews = result !== 'nothing' && !(permit.countedAs !== undefined && result === 'success');
    if (isNews && this.mode !== 'off') this.#machine.late += 1;
    return false;
  }

  // Undoes what the permit stood for while the call was under way.
  #giveBack(permit: IssuedPermit): void {
    const { countedAhead } = permit;
    const { state } = this.#machine;
    if (countedAhead !== undefined) countedAhead.window.forgetSlow(countedAhead.stamp);
    else if (state.kind === 'half-open') state.giveBack(permit);
  }

  // As run(), but with a permit only where the call fails: most never need one. An async function would add a third more to a success.
  #runPlain<T>(fn: Guarded<T>): Promise<T> {
    const { generation } = this.#machine;
    let returned: Promise<T>;
    try {
      returned = Promise.resolve(fn(NEVER));
    } catch (error) {
      this.#plainFailed(generation, error);
      return Promise.reject(error);
    }
    return returned.then(
      (value) => {
        this.#plainReturned(generation, value);
        return value;
      },
      (error) => {
        this.#plainFailed(generation, error);
        throw error;
      },
    );
  }

  #plainReturned(generation: number, value: unknown): void {
    const machine = this.#machine;
    if (generation === machine.generation && this.#isPlain) machine.countSuccess(machine.runtime.now());
    else endReturned(this.permitFor(generation), value, machine.config, machine.runtime);
  }

  #plainFailed(generation: number, error: unknown): void {
    const { config, runtime } = this.#machine;
    endFailed(this.permitFor(generation), error, config, runtime);
  }

  // After a change of options or mode.
  #adapt(): void {
    const { mode, config } = this.#machine;
    const limit = config.maxConcurrent ?? Number.POSITIVE_INFINITY;
    if (this.#bulkhead !== undefined) this.#bulkhead.limit = limit;
    else if (config.maxConcurrent !== undefined) this.#bulkhead = new Bulkhead(limit);
    this.#isPlain =
      mode !== 'off' &&
      config.slowCallMs === undefined &&
      config.timeoutMs === undefined &&
      config.isFailure === undefined &&
      this.#bulkhead === undefined;
  }
}
