import { createSystemClock } from '../../core/clock.js';
import type { Timers } from '../../core/timers.js';
import { isAlert } from '../../rules/rule.js';
import { createRuleGroups } from '../../rules/rule-groups.js';
import type { RuleConfig } from '../../rules/rule-options.js';
import { AlertEngine } from '../alerts/engine.js';
import type { Measure } from '../alerts/measure.js';
import { type GroupSpec, specsOf } from '../alerts/rule-spec.js';
import type { Alert, AlertEvent } from '../alerts/series-source.js';
import type { Query } from '../questions/query.js';
import type { ClockSkew } from '../signals/clock-skew.js';
import type { Store } from '../store/store.js';
import { alertLine } from './alert-line.js';
import { type Evidence, EvidenceShelf } from './evidence.js';
import { Freezer } from './freezer.js';
import { Webhook, webhookBody } from './webhook.js';

const evaluationMs = 5_000;
/** Spans that were under way when an alert fired have come after so long: its evidence is taken once more. */
const settleMs = [5_000, 15_000] as const;
/** So far back a chart of what a rule measures reaches at least. */
const chartMs = 900_000;
const maxHistory = 1_000;
const dayMs = 24 * 3_600_000;
const evidenceShare = 0.1;

export interface WatchParts {
  readonly store: Store;
  readonly skew: ClockSkew;
  readonly rules: RuleConfig;
  readonly ownRules: readonly GroupSpec[];
  readonly maxForMs: number | undefined;
  readonly webhook: string | undefined;
  readonly now: () => number;
  readonly timers: Timers;
  readonly say: (line: string) => void;
  /** Called before the rules are evaluated. */
  readonly beforeEvaluation: (nowMs: number) => void;
  /** Something has changed, for pages. */
  readonly onChange: (event: unknown) => void;
}

interface Episode {
  readonly id: string;
  readonly name: string;
  readonly labels: Alert['labels'];
  readonly summary: string;
  readonly firedAtMs: number;
  resolvedAtMs: number | null;
}

/** Evaluates the rules, and keeps the evidence of what fires. */
export class Watch {
  readonly engine: AlertEngine;
  readonly shelf: EvidenceShelf;
  readonly #parts: WatchParts;
  readonly #freezer: Freezer;
  readonly #webhook: Webhook | undefined;
  readonly #history: Episode[] = [];
  readonly #timers = new Set<unknown>();
  /** By expression: several rules may have one name. */
  readonly #rules: ReadonlyMap<
    string,
    { threshold: number | undefined; signal: string; action: string; severity: string }
  >;
  #url = '';
  #tail: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(parts: WatchParts) {
    const { store, skew, rules, ownRules, maxForMs, webhook, now, say } = parts;
    this.#parts = parts;
    const groups = createRuleGroups(rules);
    this.#rules = new Map(
      groups.flatMap(({ rules: own }) =>
        own
          .filter(isAlert)
          .map(
            ({ expr, threshold, signal, action, severity }) =>
              [expr, { threshold, signal, action, severity }] as const,
          ),
      ),
    );
    this.engine = new AlertEngine({
      groups: [...specsOf(groups), ...ownRules],
      clock: { now: createSystemClock().now, epochMs: now },
      timers: parts.timers,
      maxIntervalMs: evaluationMs,
      keepMs: chartMs,
      ...(maxForMs === undefined ? {} : { maxForMs }),
      beforeEvaluation: parts.beforeEvaluation,
      onFault: (error) => say(`an alert could not be handled: ${(error as Error).message}`),
    });
    this.shelf = new EvidenceShelf(evidenceShare * store.maxBytes);
    this.#freezer = new Freezer({ store, skew, shelf: this.shelf });
    this.#webhook = webhook === undefined ? undefined : new Webhook(webhook, say);
    this.engine.onEvent((event) => this.#afterwards(() => this.#take(event)));
  }

  /** `url` is where the page of this console is. */
  start(url: string): void {
    this.#url = url;
    this.engine.start();
  }

  stop(): void {
    this.#isStopped = true;
    this.engine.stop();
    for (const timer of this.#timers) this.#parts.timers.clear(timer);
  }

  dismiss(id: string): boolean {
    return this.shelf.remove(id);
  }

  /** One thing after the other: evidence is taken bit by bit, and what is said stays in order. */
  #afterwards(work: () => Promise<void>): void {
    this.#tail = this.#tail.then(async () => {
      if (this.#isStopped) return;
      try {
        await work();
      } catch (error) {
        this.#parts.say(`an alert could not be handled: ${(error as Error).message}`);
      }
    });
  }

  async #take({ atMs, alert }: AlertEvent): Promise<void> {
    const { onChange, say } = this.#parts;
    const isForPeople = this.#rules.get(alert.rule.expr)?.severity !== 'none';
    if (alert.state === 'firing') {
      this.#remember(alert, atMs);
      if (isForPeople) {
        const evidence = await this.#freezer.freeze(alert, atMs);
        say(alertLine(alert, evidence));
        this.#webhook?.send(webhookBody(alert, evidence, this.#url));
        for (const delayMs of settleMs) this.#freezeLater(alert, delayMs);
      }
    } else if (alert.state === 'resolved') {
      const episode = this.#history.findLast(({ id }) => id === alert.id);
      if (episode !== undefined) episode.resolvedAtMs = atMs;
      this.#freezer.forget(alert.id);
      if (isForPeople) {
        say(alertLine(alert, undefined));
        this.#webhook?.send(webhookBody(alert, this.shelf.get(alert.id), this.#url));
      }
    }
    onChange({ id: alert.id, name: alert.rule.name, state: alert.state, atMs });
  }

  #freezeLater(alert: Alert, delayMs: number): void {
    const timer = this.#parts.timers.set(() => {
      this.#timers.delete(timer);
      this.#afterwards(async () => {
        const isStill = this.engine.alerts().some(({ id, state }) => id === alert.id && state === 'firing');
        if (!isStill || this.shelf.get(alert.id) === undefined) return;
        const atMs = this.#parts.now();
        await this.#freezer.freeze(alert, atMs);
        this.#parts.onChange({ id: alert.id, name: alert.rule.name, state: 'firing', atMs });
      });
    }, delayMs);
    this.#timers.add(timer);
  }

  #remember(alert: Alert, atMs: number): void {
    this.#history.push({
      id: alert.id,
      name: alert.rule.name,
      labels: alert.labels,
      summary: alert.annotations.summary ?? '',
      firedAtMs: atMs,
      resolvedAtMs: null,
    });
    while (this.#history.length > maxHistory || atMs - (this.#history[0]?.firedAtMs ?? atMs) > dayMs)
      this.#history.shift();
  }

  /** Alerts that are active or have been lately, with their evidence; the rules; and what fired within a day. */
  view(query: Query) {
    const id = query.text('id');
    const active = this.engine.alerts().filter((alert) => id === undefined || alert.id === id);
    return {
      alerts: active.map((alert) => this.#alertView(alert)),
      history: this.#history
        .filter((episode) => id === undefined || episode.id === id)
        .map((episode) => {
          const evidence = this.#evidence(episode.id);
          // A page asks for the list every few seconds: of hundreds of alerts, it is the worst trace of each.
          const brief = evidence && {
            ...evidence,
            traces: evidence.traces.slice(0, 1),
            firstError: undefined,
          };
          return { ...episode, evidence: id === undefined ? brief : evidence };
        })
        .reverse(),
    };
  }

  rulesView() {
    const ids = this.#ids();
    return {
      rules: this.engine.rules().map((rule) => ({
        id: ids.get(rule.expr) ?? rule.name,
        ...rule,
        ...this.#rules.get(rule.expr),
      })),
      stats: this.engine.stats,
      series: this.engine.store.stats,
    };
  }

  /** What a rule measures, by the id that the list of rules has for it; undefined where there is no such rule. */
  measure(id: string): { readonly expr: string; readonly measure: Measure } | undefined {
    for (const [expr, one] of this.#ids())
      if (one === id) return { expr, measure: this.engine.measure(expr) };
    return undefined;
  }

  /** By expression: the name of the rule, with a number where there are several of it. */
  #ids(): ReadonlyMap<string, string> {
    const counts = new Map<string, number>();
    return new Map(
      this.engine.rules().map(({ name, expr }) => {
        const count = (counts.get(name) ?? 0) + 1;
        counts.set(name, count);
        return [expr, count === 1 ? name : `${name}-${count}`];
      }),
    );
  }

  #alertView(alert: Alert) {
    const { id, state, rule, labels, annotations, value, activeAtMs, firedAtMs, resolvedAtMs } = alert;
    return {
      id,
      name: rule.name,
      state,
      ...this.#rules.get(rule.expr),
      ruleId: this.#ids().get(rule.expr) ?? rule.name,
      service: (labels.job ?? '').replace(/^.*\//, ''),
      summary: annotations.summary ?? '',
      description: annotations.description ?? '',
      labels,
      value,
      expr: rule.expr,
      forMs: rule.forMs,
      activeAtMs,
      firedAtMs: firedAtMs ?? null,
      resolvedAtMs: resolvedAtMs ?? null,
      evidence: this.#evidence(id),
    };
  }

  #evidence(id: string): Evidence | null {
    return this.shelf.get(id) ?? null;
  }
}
