import { runSuppressed } from '../context/suppressed.js';
import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import type { Random } from '../core/random.js';
import type { Timers } from '../core/timers.js';
import { createContainedAbort } from '../health/abort.js';
import { HeartbeatMetrics } from './heartbeat-metrics.js';
import type { BeatKind, HeartbeatConfig } from './heartbeat-options.js';
import { type BeatTarget, RefusedBeat } from './heartbeat-target.js';
import { reasonOf } from './hooks.js';

/** The aggregate health at the moment; `neither` while the service starts or ends. */
export type Condition = 'healthy' | 'failing' | 'neither';

export interface HeartbeatParts {
  readonly config: HeartbeatConfig;
  readonly targets: readonly BeatTarget[];
  readonly clock: Clock;
  /** Timers that keep no process alive. */
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly condition: () => Condition;
  /** For how long the event loop has been blocked so far, in milliseconds, ever growing. */
  readonly stalledMs: () => number;
}

const jitter = 0.1;
/** How often to look while the service starts: the first beat should not be an interval late. */
const startingMs = 1_000;
const firstRetryMs = 1_000;
/** How long the last beat may hold up the end of the process. */
const lastBeatMs = 2_000;

/**
 * Sends a beat at intervals while the service is alive, to monitors that raise the alarm without one. It sends none when the event loop
 * was blocked or the work makes no progress: a beat from a stuck process is worse than none.
 */
export class Heartbeat {
  readonly #parts: HeartbeatParts;
  readonly #metrics: HeartbeatMetrics;
  readonly #failing = new Set<BeatTarget>();
  #timer: unknown;
  #isStopped = true;
  #isSending = false;
  #stalledAtLast = 0;
  #progressAt: number;

  constructor(parts: HeartbeatParts) {
    this.#parts = parts;
    this.#metrics = new HeartbeatMetrics(parts.config.intervalMs);
    this.#progressAt = parts.clock.now();
  }

  get instruments(): HeartbeatMetrics['instruments'] {
    return this.#metrics.instruments;
  }

  start(): void {
    this.#isStopped = false;
    this.#stalledAtLast = this.#parts.stalledMs();
    this.#tick();
  }

  /** Records progress of the work; counts only with `progressWindowMs`. */
  progress(): void {
    this.#progressAt = this.#parts.clock.now();
  }

  /** Ends the beats with a last one. Never rejects, and takes at most 2 s. */
  stop(kind: 'shutdown' | 'crash'): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    this.#isStopped = true;
    this.#parts.timers.clear(this.#timer);
    if (kind === 'shutdown') this.#metrics.ended();
    return this.#send(kind, { timeoutMs: Math.min(this.#parts.config.timeoutMs, lastBeatMs), retries: 0 });
  }

  #tick(): void {
    const { clock, config, condition, stalledMs, targets } = this.#parts;
    const stalled = stalledMs();
    const isStuck = stalled - this.#stalledAtLast >= config.intervalMs;
    this.#stalledAtLast = stalled;
    const state = condition();
    this.#schedule(state === 'neither' && targets.length > 0 ? startingMs : config.intervalMs);
    if (isStuck || !this.#isProgressing()) return;
    this.#metrics.beat(clock.epochMs() / 1_000);
    if (state === 'neither' || this.#isSending) return;
    this.#isSending = true;
    void this.#send(state === 'healthy' ? 'alive' : 'failing', config).then(() => {
      this.#isSending = false;
    });
  }

  #schedule(aboutMs: number): void {
    const { timers, random, config } = this.#parts;
    const delayMs = Math.min(aboutMs, config.intervalMs) * (1 - jitter + 2 * jitter * random());
    this.#timer = timers.set(() => this.#tick(), delayMs);
  }

  #isProgressing(): boolean {
    const { clock, config } = this.#parts;
    const { progressWindowMs = Number.POSITIVE_INFINITY } = config;
    return clock.now() - this.#progressAt <= progressWindowMs;
  }

  async #send(kind: BeatKind, limits: Pick<HeartbeatConfig, 'timeoutMs' | 'retries'>): Promise<void> {
    const targets = this.#parts.targets.filter((target) => target.takes(kind));
    await Promise.all(targets.map((target) => this.#sendTo(target, kind, limits)));
  }

  async #sendTo(
    target: BeatTarget,
    kind: BeatKind,
    { timeoutMs, retries }: Pick<HeartbeatConfig, 'timeoutMs' | 'retries'>,
  ): Promise<void> {
    const { clock, config } = this.#parts;
    // No retry past this: the next beat is newer.
    const until = clock.now() + config.intervalMs * (1 - jitter);
    for (let attempt = 0; ; attempt += 1) {
      const failure = await this.#attempt(target, kind, timeoutMs);
      if (failure === undefined) {
        this.#metrics.sent();
        if (this.#failing.delete(target)) this.#parts.log.info(`heartbeats reach ${target.name} again`);
        return;
      }
      const waitMs = this.#backoff(attempt);
      const isHopeless = failure.error instanceof RefusedBeat && !failure.error.isWorthARetry;
      if (attempt >= retries || isHopeless || clock.now() + waitMs >= until) {
        this.#gaveUp(target, failure.error);
        return;
      }
      await this.#wait(waitMs);
      // The last beat has been sent meanwhile, and stays the last.
      if (this.#isStopped) return;
    }
  }

  /** Resolves to what went wrong. */
  #attempt(target: BeatTarget, kind: BeatKind, timeoutMs: number): Promise<{ error: unknown } | undefined> {
    const { timers } = this.#parts;
    const abort = createContainedAbort();
    return new Promise((resolve) => {
      const timer = timers.set(() => {
        const error = new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError');
        resolve({ error });
        abort.abort(error);
      }, timeoutMs);
      const end = (failure: { error: unknown } | undefined) => {
        timers.clear(timer);
        resolve(failure);
      };
      // Neither traced nor guarded by a circuit breaker: these are our own calls.
      runSuppressed(() => target.send({ kind, signal: abort.signal })).then(
        () => end(undefined),
        (error: unknown) => end({ error }),
      );
    });
  }

  #backoff(attempt: number): number {
    return firstRetryMs * 2 ** attempt * (1 - jitter + 2 * jitter * this.#parts.random());
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#parts.timers.set(resolve, ms));
  }

  #gaveUp(target: BeatTarget, error: unknown): void {
    this.#metrics.failed();
    if (this.#failing.has(target)) return;
    this.#failing.add(target);
    this.#parts.log.warn(`a heartbeat did not reach ${target.name}: ${reasonOf(error)}`);
  }
}
