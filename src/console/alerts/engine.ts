import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../core/clock.js';
import type { Timers } from '../../core/timers.js';
import { Group, type RuleStatus } from './group.js';
import type { Matcher } from './matcher.js';
import { createMeasure, type Measure } from './measure.js';
import { parseExpr } from './promql/parser.js';
import { createPlan } from './promql/planner.js';
import { PromqlError } from './promql/promql-error.js';
import { type GroupSpec, type Pace, paced } from './rule-spec.js';
import type { Alert, AlertEvent, AlertListener, Labels, SeriesStore } from './series-source.js';
import { MemorySeriesStore } from './series-store.js';

export interface AlertEngineOptions {
  readonly groups: readonly GroupSpec[];
  readonly clock: Clock;
  readonly timers: Timers;
  /** What the `for` of every rule is multiplied with. @default 1 */
  readonly forFactor?: number;
  /** No `for` is longer, in milliseconds: for local use, where an alert is to be seen within seconds. @default none */
  readonly maxForMs?: number;
  /** No group is evaluated more seldom, in milliseconds. @default half of maxForMs, at least 1000 */
  readonly maxIntervalMs?: number;
  /** What all series may take together, in bytes. @default 128 MiB */
  readonly maxBytes?: number;
  /** Time between the samples that are kept, in milliseconds, as if they were scraped so often; of those that come sooner, the newest. @default 5000 */
  readonly gridMs?: number;
  /** How long what a rule reads is kept at least, in milliseconds: for charts. @default 0 */
  readonly keepMs?: number;
  /** How long series that no rule reads are kept, in milliseconds; 0: not at all. @default 0 */
  readonly unreadMs?: number;
  /** How long the event loop may be held at once, in milliseconds; a single rule is not divided. @default 8 */
  readonly turnMs?: number;
  /** Called before each evaluation with its time: brings series up to date that are not appended to as they come. */
  readonly beforeEvaluation?: (nowMs: number) => void;
  /** Is given what a listener throws, and what should never be thrown. */
  readonly onFault?: (error: unknown) => void;
}

export interface EngineStats {
  readonly evaluations: number;
  /** Evaluations that were left out, because the one before took too long or the process did not run. */
  readonly missed: number;
  /** Time that evaluations took, in milliseconds: of the last time all groups that were due, and the longest without a pause ever. */
  readonly lastMs: number;
  readonly longestTurnMs: number;
}

export interface QueryResult {
  readonly type: 'scalar' | 'vector';
  readonly samples: readonly { readonly labels: Labels; readonly value: number }[];
}

const lookBackMs = 300_000;
const subqueryStepMs = 60_000;
const sweepMs = 60_000;

/** Evaluates rules over the series that it is fed, as Prometheus does, and says what its alerts do. */
export class AlertEngine {
  readonly #groups: readonly { readonly group: Group; lastMs: number }[];
  readonly #store: MemorySeriesStore;
  readonly #options: AlertEngineOptions;
  readonly #listeners = new Set<AlertListener>();
  #timer: unknown;
  #isStarted = false;
  #running: Promise<void> | undefined;
  #sweptMs = Number.NEGATIVE_INFINITY;
  #evaluations = 0;
  #missed = 0;
  #lastMs = 0;
  #longestTurnMs = 0;

  /** @throws PromqlError or TemplateError that names the rule, where one cannot be read. */
  constructor(options: AlertEngineOptions) {
    const { maxBytes = 128 * 2 ** 20, gridMs = 5_000, unreadMs = 0 } = options;
    this.#options = options;
    this.#store = new MemorySeriesStore({ maxBytes, gridMs, unreadMs });
    const { forFactor = 1, maxForMs = Number.POSITIVE_INFINITY } = options;
    const { maxIntervalMs = Math.max(1_000, maxForMs / 2) } = options;
    const pace: Pace = { forFactor, maxForMs, maxIntervalMs };
    const store = this.#store;
    const context = {
      lookBackMs,
      subqueryStepMs,
      watch: (matchers: readonly Matcher[], horizonMs: number) =>
        store.watch(matchers, Math.max(horizonMs, options.keepMs ?? 0)),
      writerOf: store.writerOf.bind(store),
    };
    for (const { intervalMs, rules } of options.groups) {
      for (const rule of rules) if ('record' in rule) store.keepApart(rule.record, intervalMs);
    }
    this.#groups = options.groups.map((spec) => ({
      group: new Group(paced(spec, pace), context),
      lastMs: Number.NEGATIVE_INFINITY,
    }));
  }

  /** What the series are appended to. */
  get store(): SeriesStore {
    return this.#store;
  }

  /** All alerts that are pending or firing, or have been resolved within 15 minutes. */
  alerts(): readonly Alert[] {
    return this.#groups.flatMap(({ group }) => group.alerting.flatMap((rule) => rule.alerts()));
  }

  rules(): readonly RuleStatus[] {
    return this.#groups.flatMap(({ group }) => group.status);
  }

  get stats(): EngineStats {
    return {
      evaluations: this.#evaluations,
      missed: this.#missed,
      lastMs: this.#lastMs,
      longestTurnMs: this.#longestTurnMs,
    };
  }

  /** Calls `listener` at each change of an alert, in order; returns what ends that. */
  onEvent(listener: AlertListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * What an expression gives at a time, over the series that are kept.
   * @throws PromqlError where it cannot be read or evaluated.
   */
  query(expr: string, atMs: number): QueryResult {
    const watch = this.#store.select.bind(this.#store);
    const plan = createPlan(parseExpr(expr), { lookBackMs, subqueryStepMs, watch });
    if (plan.type === 'scalar') return { type: 'scalar', samples: [{ labels: {}, value: plan.at(atMs) }] };
    if (plan.type !== 'vector') throw new PromqlError('the expression gives neither a vector nor a scalar');
    const samples = plan.at(atMs).map(({ labels, value }) => ({ labels: labels.toLabels(), value }));
    return { type: 'vector', samples };
  }

  /**
   * What a rule measures, over time, and what it compares that with.
   * @throws PromqlError where it cannot be evaluated.
   */
  measure(expr: string): Measure {
    const watch = this.#store.select.bind(this.#store);
    return createMeasure(parseExpr(expr), { lookBackMs, subqueryStepMs, watch });
  }

  /** Evaluates the groups from now on, each at whole multiples of its interval. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#schedule();
  }

  stop(): void {
    this.#isStarted = false;
    this.#options.timers.clear(this.#timer);
  }

  #schedule(): void {
    const nowMs = this.#options.clock.epochMs();
    const next = this.#groups.map(
      ({ group: { intervalMs } }) => (Math.floor(nowMs / intervalMs) + 1) * intervalMs,
    );
    const delayMs = Math.max(1, Math.min(...next) - nowMs);
    // One that was stopped and started again while it evaluates has a timer already.
    this.#options.timers.clear(this.#timer);
    this.#timer = this.#options.timers.set(() => {
      void this.evaluateDue(this.#options.clock.epochMs())
        .catch((error: unknown) => this.#options.onFault?.(error))
        .finally(() => {
          if (this.#isStarted) this.#schedule();
        });
    }, delayMs);
  }

  /**
   * Evaluates the groups that are due at `nowMs`: each at the last whole multiple of its interval, unless it has been. One call waits for
   * the other.
   */
  async evaluateDue(nowMs: number): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    this.#running = this.#evaluateAll(nowMs);
    try {
      await this.#running;
    } finally {
      this.#running = undefined;
    }
  }

  async #evaluateAll(nowMs: number): Promise<void> {
    const { turnMs = 8, clock } = this.#options;
    const startedAt = clock.now();
    let turnFrom = startedAt;
    this.#store.advance(nowMs);
    this.#options.beforeEvaluation?.(nowMs);
    for (const one of this.#groups) {
      const { intervalMs } = one.group;
      const atMs = Math.floor(nowMs / intervalMs) * intervalMs;
      if (atMs <= one.lastMs) continue;
      if (Number.isFinite(one.lastMs)) this.#missed += Math.round((atMs - one.lastMs) / intervalMs) - 1;
      one.lastMs = atMs;
      this.#evaluations += 1;
      for (const events of one.group.evaluate(atMs)) {
        for (const event of events) this.#emit(event);
        const heldMs = clock.now() - turnFrom;
        this.#longestTurnMs = Math.max(this.#longestTurnMs, heldMs);
        if (heldMs < turnMs) continue;
        await nextTurn();
        turnFrom = clock.now();
      }
    }
    if (nowMs - this.#sweptMs >= sweepMs) {
      this.#sweptMs = nowMs;
      this.#store.sweep(nowMs);
    }
    this.#lastMs = clock.now() - startedAt;
  }

  #emit(event: AlertEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#options.onFault?.(error);
      }
    }
  }
}
