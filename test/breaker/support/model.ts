import type { BreakerState } from '../../../src/breaker/snapshot.js';

/** A share as a fraction, so that the model needs no rounding. */
export type Share = readonly [part: number, of: number];

export interface ModelOptions {
  readonly windowMs: number | undefined;
  readonly windowCalls: number | undefined;
  readonly minimumCalls: number;
  readonly failureShare: Share;
  readonly slowCallMs: number | undefined;
  readonly slowShare: Share;
  readonly openMs: number;
  readonly maxOpenMs: number;
  readonly jitterRatio: number;
  readonly probes: number;
  readonly leaseMs: number | undefined;
  readonly maxConcurrent: number | undefined;
}

type Mode = 'enforce' | 'observe' | 'off';

interface Event {
  readonly at: number;
  readonly failed: boolean;
  readonly slow: boolean;
  readonly reason: string | undefined;
}

interface ModelPermit {
  readonly id: number;
  readonly kind: 'counted' | 'let through' | 'off';
  readonly generation: number;
  readonly startedAt: number;
  hasEnded: boolean;
  /** When the upstream began to answer. */
  answeredAt: number | undefined;
  /** The event by which a probe counts that has been answered and has not ended. */
  head: Event | undefined;
  /** The event by which an overdue call counts before it has ended. */
  ahead: Event | undefined;
}

export interface ModelMove {
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly why: string;
  readonly at: number;
  readonly generation: number;
  readonly reasons: Record<string, number>;
  readonly evidence: number | undefined;
}

/** As a snapshot shows a wait. */
const wholeMicroseconds = (ms: number) => Math.round(ms * 1_000) / 1_000;

/**
 * The rules of the breaker, read as naively as they can be: every event and every permit is kept for ever, and all of them are
 * gone through again for each question. It shares no code with the breaker.
 */
export class Model {
  now: number;
  mode: Mode = 'enforce';
  kind: Exclude<BreakerState, 'off'> = 'closed';
  generation = 0;
  rejected = 0;
  late = 0;
  observedFailures = 0;
  lastFailure: 'answer' | 'error' | undefined;
  readonly permits: ModelPermit[] = [];
  readonly moves: ModelMove[] = [];
  readonly holds: { isHeld: boolean; generationOfHold: number }[] = [];
  #opened = 0;
  #openedAt = 0;
  #until = 0;
  #leaseMs = 0;
  #holdNumber = 0;
  #events: (Event | undefined)[] = [];
  #origin = 0;
  #isTrial = false;
  readonly #options: ModelOptions;
  readonly #random: () => number;

  constructor(options: ModelOptions, now: number, random: () => number) {
    this.#options = options;
    this.now = now;
    this.#random = random;
  }

  get state(): BreakerState {
    if (this.mode === 'off') return 'off';
    return this.kind === 'open' && this.now >= this.#until ? 'half-open' : this.kind;
  }

  snapshot() {
    const live = this.#live();
    const failures = live.filter(({ failed }) => failed).length;
    const slow = live.filter((event) => event.slow).length;
    const minimum = this.kind === 'half-open' ? this.#options.probes : this.#options.minimumCalls;
    const isKnown = live.length > 0 && live.length >= minimum;
    return {
      state: this.state,
      calls: live.length,
      failures,
      slow,
      failureRatio: isKnown ? failures / live.length : undefined,
      slowRatio: isKnown && this.#options.slowCallMs !== undefined ? slow / live.length : undefined,
      rejected: this.rejected,
      late: this.late,
      openedAt: this.mode === 'off' || this.kind === 'closed' ? undefined : this.#openedAt,
      retryAfterMs:
        this.mode !== 'off' && this.kind === 'open'
          ? Math.max(0, wholeMicroseconds(this.#until - this.now))
          : 0,
    };
  }

  acquire(): boolean {
    if (this.mode === 'off') {
      this.#issue('off');
      return true;
    }
    this.#countOverdue();
    if (this.kind === 'open' && this.now >= this.#until) {
      this.#leaseMs = this.#options.leaseMs ?? Math.max(this.#until - this.#openedAt, this.#options.openMs);
      this.#move('half-open', 'elapsed');
    }
    if (this.#hasRoom() && this.#admits()) {
      this.#issue('counted');
      return true;
    }
    this.rejected += 1;
    if (this.mode === 'enforce') return false;
    this.#issue('let through');
    return true;
  }

  end(
    id: number,
    result: 'success' | 'failure' | 'ignore',
    durationMs?: number,
    reason?: string,
    details?: { isAnswer: boolean; retryAfterMs: number | undefined },
  ): void {
    const permit = this.#end(id, result);
    if (permit === undefined || result === 'ignore') return;
    const failed = result === 'failure';
    if (failed) this.lastFailure = details?.isAnswer ? 'answer' : 'error';
    const { head } = permit;
    if (head !== undefined) {
      if (!failed) return;
      this.#events[this.#events.lastIndexOf(head)] = { ...head, failed, reason: reason ?? 'failure' };
      this.#judge(permit, details?.retryAfterMs);
      return;
    }
    const slow = this.#isSlow(durationMs ?? (permit.answeredAt ?? this.now) - permit.startedAt);
    this.#record({
      at: this.now,
      failed,
      slow,
      reason: failed ? (reason ?? 'failure') : slow ? 'slow' : undefined,
    });
    this.#judge(permit, failed ? details?.retryAfterMs : undefined);
  }

  answering(id: number): void {
    const permit = this.permits[id];
    if (permit === undefined || permit.hasEnded || permit.kind !== 'counted') return;
    if (permit.generation !== this.generation || permit.answeredAt !== undefined) return;
    permit.answeredAt = this.now;
    if (this.kind !== 'half-open' || permit.ahead !== undefined) return;
    const slow = this.#isSlow(this.now - permit.startedAt);
    permit.head = { at: this.now, failed: false, slow, reason: slow ? 'slow' : undefined };
    this.#record(permit.head);
    this.#judge(permit);
  }

  /** How a call that is rejected now is told so, where that is as the upstream failed last. */
  get rejectsAs(): 'error' | 'response' {
    return this.kind !== 'closed' && this.lastFailure === 'answer' ? 'response' : 'error';
  }

  hold(id: number, retryAfterMs: number): void {
    const permit = this.#end(id, 'hold');
    if (permit === undefined || !(retryAfterMs > 0)) return;
    this.lastFailure = 'answer';
    this.#open(Math.min(retryAfterMs, this.#options.maxOpenMs), 'retry-after', permit);
  }

  forceOpen(): void {
    if (this.kind !== 'forced-open') {
      this.#holdNumber += 1;
      this.#openedAt = this.now;
      this.#move('forced-open', 'forced');
    }
    this.holds.push({ isHeld: true, generationOfHold: this.#holdNumber });
  }

  release(at: number): void {
    const hold = this.holds[at];
    if (hold === undefined || !hold.isHeld) return;
    hold.isHeld = false;
    const isMine = this.kind === 'forced-open' && hold.generationOfHold === this.#holdNumber;
    const isLast = !this.holds.some(
      (other) => other.isHeld && other.generationOfHold === hold.generationOfHold,
    );
    if (isMine && isLast) this.#move('closed', 'released');
  }

  forceClose(): void {
    this.#move('closed', 'forced');
  }

  reset(): void {
    this.rejected = 0;
    this.late = 0;
    this.observedFailures = 0;
    this.lastFailure = undefined;
    this.#move('closed', 'reset');
  }

  setMode(mode: Mode): void {
    if (mode === this.mode) return;
    const from = this.mode === 'off' ? 'off' : this.kind;
    const isNewStart = mode === 'off' || this.mode === 'off';
    this.mode = mode;
    if (isNewStart)
      this.#move(this.kind === 'forced-open' ? 'forced-open' : 'closed', 'mode', undefined, from);
  }

  #issue(kind: ModelPermit['kind']): void {
    this.permits.push({
      id: this.permits.length,
      kind,
      generation: this.generation,
      startedAt: this.now,
      hasEnded: false,
      answeredAt: undefined,
      head: undefined,
      ahead: undefined,
    });
  }

  #hasRoom(): boolean {
    const { maxConcurrent } = this.#options;
    if (maxConcurrent === undefined) return true;
    return this.permits.filter(({ hasEnded, kind }) => !hasEnded && kind !== 'off').length < maxConcurrent;
  }

  #admits(): boolean {
    if (this.kind === 'closed') return true;
    if (this.kind !== 'half-open') return false;
    const holding = this.#underWay().filter(({ startedAt }) => this.now - startedAt < this.#leaseMs);
    return holding.length + this.#live().length < this.#options.probes;
  }

  // Permits of this generation that stand for a call under way and nothing else.
  #underWay(): ModelPermit[] {
    return this.permits.filter(
      ({ kind, generation, hasEnded, answeredAt, ahead }) =>
        kind === 'counted' &&
        generation === this.generation &&
        !hasEnded &&
        answeredAt === undefined &&
        ahead === undefined,
    );
  }

  #isSlow(durationMs: number): boolean {
    const { slowCallMs } = this.#options;
    return slowCallMs !== undefined && durationMs > slowCallMs;
  }

  #countOverdue(): void {
    const { slowCallMs } = this.#options;
    if (slowCallMs === undefined) return;
    for (const permit of this.#underWay()) {
      if (permit.generation !== this.generation || !(this.now - permit.startedAt > slowCallMs)) continue;
      permit.ahead = { at: this.now, failed: false, slow: true, reason: 'slow' };
      this.#record(permit.ahead);
      this.#judge(permit);
    }
  }

  #end(id: number, result: string): ModelPermit | undefined {
    const permit = this.permits[id];
    if (permit === undefined || permit.hasEnded) return undefined;
    permit.hasEnded = true;
    if (permit.kind === 'off') return undefined;
    if (permit.kind === 'let through') {
      if (result === 'failure') this.observedFailures += 1;
      return undefined;
    }
    if (permit.generation !== this.generation) {
      const isKnown = permit.head !== undefined && result === 'success';
      if (result !== 'ignore' && !isKnown && this.mode !== 'off') this.late += 1;
      return undefined;
    }
    const { ahead } = permit;
    if (ahead !== undefined) {
      const at = this.#events.lastIndexOf(ahead);
      if (at >= 0) this.#events[at] = undefined;
    }
    return permit;
  }

  #record(event: Event): void {
    if (this.#live().length === 0) this.#origin = this.now;
    this.#events.push(event);
  }

  #live(): Event[] {
    const { windowCalls, windowMs = 0 } = this.#options;
    if (this.#isTrial) return this.#events.filter((event) => event !== undefined);
    if (windowCalls !== undefined)
      return this.#events.slice(-windowCalls).filter((event) => event !== undefined);
    const slice = (at: number) => Math.floor((at - this.#origin) / (windowMs / 10));
    return this.#events
      .filter((event) => event !== undefined)
      .filter(({ at }) => slice(this.now) - slice(at) < 10);
  }

  #judge(permit: ModelPermit, retryAfterMs?: number): void {
    const live = this.#live();
    const failures = live.filter(({ failed }) => failed).length;
    const slow = live.filter((event) => event.slow).length;
    if (this.kind === 'closed') {
      if (live.length < this.#options.minimumCalls) return;
      const verdict = this.#verdictOf(failures, slow, live.length);
      if (verdict !== undefined)
        this.#trip(verdict === 'failed' ? 'failure-ratio' : 'slow-ratio', permit, retryAfterMs);
      return;
    }
    // Plays out everything that the probes to come may still bring.
    const { probes } = this.#options;
    const toCome = probes - live.length;
    const possible = new Set<boolean>();
    for (let failing = 0; failing <= toCome; failing += 1)
      for (let slowing = 0; slowing <= toCome; slowing += 1)
        possible.add(this.#verdictOf(failures + failing, slow + slowing, probes) !== undefined);
    if (possible.size > 1) return;
    if (possible.has(false)) this.#move('closed', 'probes-passed', permit);
    else
      this.#trip(
        this.#verdictOf(failures, slow, probes) === 'failed' ? 'probes-failed' : 'slow-ratio',
        permit,
        retryAfterMs,
      );
  }

  #verdictOf(failures: number, slow: number, calls: number): 'failed' | 'slow' | undefined {
    const { failureShare, slowShare, slowCallMs } = this.#options;
    if (failures * failureShare[1] >= failureShare[0] * calls) return 'failed';
    if (slowCallMs !== undefined && slow * slowShare[1] >= slowShare[0] * calls) return 'slow';
    return undefined;
  }

  #trip(why: string, permit: ModelPermit, retryAfterMs: number | undefined): void {
    let period = this.#options.openMs;
    for (let i = 0; i < this.#opened; i += 1) period = Math.min(period * 2, this.#options.maxOpenMs);
    this.#opened += 1;
    const isAsked = retryAfterMs !== undefined && retryAfterMs > 0;
    if (isAsked) this.#open(Math.min(retryAfterMs, this.#options.maxOpenMs), why, permit);
    else this.#open(period * (1 + this.#options.jitterRatio * this.#random()), why, permit);
  }

  #open(periodMs: number, why: string, permit: ModelPermit): void {
    this.#openedAt = this.now;
    this.#until = this.now + periodMs;
    this.#move('open', why, permit);
  }

  #move(next: Model['kind'], why: string, permit?: ModelPermit, from?: BreakerState): void {
    const before = from ?? (this.mode === 'off' ? 'off' : this.kind);
    const reasons: Record<string, number> = {};
    for (const { reason } of this.#live())
      if (reason !== undefined) reasons[reason] = (reasons[reason] ?? 0) + 1;
    this.kind = next;
    this.generation += 1;
    if (next === 'closed') this.#opened = 0;
    if (next !== 'open') {
      this.#events = [];
      this.#isTrial = next === 'half-open';
    }
    const to = this.mode === 'off' ? 'off' : next;
    if (before === to) return;
    const { now: at, generation } = this;
    this.moves.push({ from: before, to, why, at, generation, reasons, evidence: permit?.id });
  }
}
