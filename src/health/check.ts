import { createContainedAbort } from './abort.js';
import type { CheckConfig } from './check-options.js';
import type { CheckDeps, CheckReading, TimedResult, Transition } from './check-reading.js';
import { type CheckResult, failed, readResult } from './result.js';
import { type Outcome, settle } from './settle.js';
import { type Status, weighed } from './status.js';
import { Streak } from './streak.js';

interface Call {
  readonly startedAt: number;
  readonly abort: (reason: unknown) => void;
  timer: unknown;
  isGivenGrace: boolean;
  /** Its time is up or the check was stopped: how it ends no longer matters, only that it does. */
  isAbandoned: boolean;
}

interface Standing {
  /** Before it is weighed by how critical the check is. */
  readonly raw: Status;
  readonly status: Status;
  readonly output: string | undefined;
}

const maxTransitions = 20;
const jitter = 0.1;
/** How long an on-demand result serves every probe. */
const onDemandTtlMs = 1_000;
// Below the 800 ms that a probe waits, so that the probe gets the failure.
const onDemandPatienceMs = 750;
// A timer later than this was held up by a blocked event loop, and so was the answer that may have come meanwhile.
const maxTimerLagMs = 20;
const lateGraceMs = 50;

/**
 * One check, run in the background or (intervalMs 0) when asked. At most one call is ever under way: while an abandoned one has not settled,
 * the check fails instead of being called again.
 */
export class Check {
  readonly name: string;
  readonly config: CheckConfig;
  readonly #deps: CheckDeps;
  readonly #streak: Streak;
  #isStarted = false;
  #call: Call | undefined;
  #timer: unknown;
  #last: TimedResult | undefined;
  #lastSuccessEpochMs: number | undefined;
  #failingSince: number | undefined;
  #seen: Standing | undefined;
  #transitions: Transition[] = [];
  #current: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(name: string, config: CheckConfig, deps: CheckDeps) {
    this.name = name;
    this.config = config;
    this.#deps = deps;
    this.#streak = new Streak(config.failAfter, config.passAfter);
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#tick();
  }

  /** Aborts the call under way, ignores its outcome, and releases all that wait for it. The last result stays. */
  stop(): void {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    this.#deps.timers.clear(this.#timer);
    this.#timer = undefined;
    this.#release();
    const call = this.#call;
    if (call !== undefined && !call.isAbandoned)
      this.#abandon(call, new DOMException('the check was stopped', 'AbortError'));
  }

  get hasResult(): boolean {
    return this.#last !== undefined;
  }

  /** True if there is nothing to wait for: a first result or, on demand, one that is at most a second old. */
  get isCurrent(): boolean {
    if (!this.#isStarted) return true;
    if (this.#last === undefined) return false;
    return this.config.intervalMs > 0 || this.#deps.clock.now() - this.#last.at < onDemandTtlMs;
  }

  /** Resolves once {@link isCurrent}; calls an on-demand check for it, one call for all who wait. Never rejects. */
  whenCurrent(): Promise<void> {
    if (this.isCurrent) return Promise.resolve();
    if (this.config.intervalMs === 0) this.#tick();
    if (this.isCurrent) return Promise.resolve();
    if (this.#current === undefined) {
      let resolve = () => {};
      const promise = new Promise<void>((done) => {
        resolve = done;
      });
      this.#current = { promise, resolve };
    }
    return this.#current.promise;
  }

  read(): CheckReading {
    // Staleness and the end of a grace period come without an event: the next read notices them.
    const standing = this.#notice(undefined);
    return {
      name: this.name,
      config: this.config,
      status: standing?.status,
      last: this.#last,
      output: standing?.output,
      consecutiveFailures: this.#streak.failures,
      lastSuccessEpochMs: this.#lastSuccessEpochMs,
      transitions: this.#transitions,
    };
  }

  #tick(): void {
    const call = this.#call;
    if (call === undefined) this.#run();
    else if (call.isAbandoned) this.#record(this.#timedOut(), call.startedAt, false);
    if (this.config.intervalMs > 0 && this.#isStarted && this.#call?.isAbandoned) this.#schedule();
  }

  #schedule(): void {
    this.#deps.timers.clear(this.#timer);
    const factor = 1 - jitter + 2 * jitter * this.#deps.random();
    this.#timer = this.#deps.timers.set(() => this.#tick(), this.config.intervalMs * factor);
  }

  #run(): void {
    const { clock, timers, isolate } = this.#deps;
    const { signal, abort } = createContainedAbort();
    const call: Call = {
      startedAt: clock.now(),
      abort,
      timer: undefined,
      isGivenGrace: false,
      isAbandoned: false,
    };
    this.#call = call;
    call.timer = timers.set(() => this.#expire(call), this.config.timeoutMs);
    settle(
      () => isolate(() => this.config.run(signal)),
      (outcome) => this.#end(call, outcome),
    );
  }

  #end(call: Call, outcome: Outcome): void {
    this.#call = undefined;
    if (call.isAbandoned) return;
    this.#deps.timers.clear(call.timer);
    this.#record(readResult(outcome), call.startedAt, true);
    if (this.config.intervalMs > 0 && this.#isStarted) this.#schedule();
  }

  #expire(call: Call): void {
    const { clock, timers } = this.#deps;
    const lateMs = clock.now() - call.startedAt - this.config.timeoutMs;
    const isHeldUp = lateMs > maxTimerLagMs && !call.isGivenGrace;
    // Node counts from when its loop last looked at the clock: after a long synchronous start-up a timer fires early.
    if (lateMs <= -1 || isHeldUp) {
      call.isGivenGrace ||= isHeldUp;
      call.timer = timers.set(() => this.#expire(call), isHeldUp ? lateGraceMs : -lateMs);
      return;
    }
    this.#record(this.#timedOut(), call.startedAt, true);
    this.#abandon(call, new DOMException(`no answer after ${this.config.timeoutMs} ms`, 'TimeoutError'));
    if (this.config.intervalMs > 0 && this.#isStarted) this.#schedule();
  }

  #abandon(call: Call, why: DOMException): void {
    call.isAbandoned = true;
    this.#deps.timers.clear(call.timer);
    call.abort(why);
  }

  #timedOut(): CheckResult {
    return failed(`timeout after ${this.config.timeoutMs} ms`);
  }

  // A tick that found the last call still pending is a failure, but no run: its duration would count twice.
  #record(result: CheckResult, startedAt: number, isRun: boolean): void {
    const at = this.#deps.clock.now();
    const epochMs = this.#deps.clock.epochMs(at);
    this.#last = { ...result, at, epochMs, durationMs: at - startedAt };
    this.#streak.push(result.status);
    if (result.status !== 'fail') this.#lastSuccessEpochMs = epochMs;
    if (this.#streak.status !== 'fail') this.#failingSince = undefined;
    else this.#failingSince ??= at;
    const done = { name: this.name, status: result.status, durationMs: at - startedAt };
    if (isRun) this.#notify(() => this.#deps.events.onResult?.(done));
    this.#notice(result.error);
    this.#release();
  }

  #standing(): Standing | undefined {
    const { critical, criticalGraceMs, intervalMs, maxAgeMs } = this.config;
    if (this.#last === undefined) return undefined;
    const now = this.#deps.clock.now();
    const age = now - this.#last.at;
    let raw = this.#streak.status as Status;
    let { output } = this.#last;
    let failingSince = this.#failingSince;
    const givenUpAt = (this.#call?.startedAt ?? Number.POSITIVE_INFINITY) + onDemandPatienceMs;
    if (this.#isStarted && age > maxAgeMs) {
      failingSince ??= this.#last.at + maxAgeMs;
      raw = 'fail';
      output = 'stale';
    } else if (intervalMs === 0 && raw !== 'fail' && now >= givenUpAt) {
      failingSince = givenUpAt;
      raw = 'fail';
      output = `no answer after ${onDemandPatienceMs} ms`;
    }
    const isGrace = failingSince !== undefined && now - failingSince < criticalGraceMs;
    return { raw, status: weighed(raw, critical && !isGrace), output };
  }

  #notice(error: unknown): Standing | undefined {
    const now = this.#standing();
    const before = this.#seen;
    if (now === undefined || (before?.raw === now.raw && before.status === now.status)) return now;
    this.#seen = now;
    const epochMs = this.#deps.clock.epochMs();
    const { name, config } = this;
    const change = {
      name,
      critical: config.critical,
      from: before?.status,
      to: now.status,
      output: now.output,
      error,
      epochMs,
    };
    this.#transitions = [...this.#transitions, { epochMs, from: change.from, to: change.to }].slice(
      -maxTransitions,
    );
    this.#notify(() => this.#deps.events.onChange?.(change));
    return now;
  }

  #notify(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#deps.faults.caught('health.listener', error);
    }
  }

  #release(): void {
    this.#current?.resolve();
    this.#current = undefined;
  }
}
