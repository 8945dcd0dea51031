import { fingerprintOf } from './fingerprint.js';
import { type LabelSet, METRIC_NAME } from './label-set.js';
import { PromqlError } from './promql/promql-error.js';
import type { Sample, Vector } from './promql/vector.js';
import type { AlertingSpec } from './rule-spec.js';
import type { Alert, AlertEvent, AlertRuleInfo, AlertState, Labels } from './series-source.js';
import { parseTemplate, type Template } from './templates/template.js';

/** How long an alert that has ended is remembered. */
const resolvedRetentionMs = 900_000;

interface ActiveAlert {
  readonly id: string;
  readonly set: LabelSet;
  readonly labels: Labels;
  readonly activeAtMs: number;
  state: AlertState;
  value: number;
  annotations: Labels;
  firedAtMs: number | undefined;
  resolvedAtMs: number | undefined;
  keepFiringSinceMs: number | undefined;
  /** Its series of `ALERTS`, by state, and of `ALERTS_FOR_STATE`. */
  readonly written: Record<'pending' | 'firing' | 'since', LabelSet>;
}

/** What an evaluation of the rule gives: the samples that Prometheus writes, and what has changed. */
export interface AlertingOutcome {
  readonly samples: Vector;
  readonly events: readonly AlertEvent[];
}

/**
 * An alerting rule and its alerts, one for each label set that the expression gives: inactive, pending, firing, resolved.
 * @see Prometheus 2.42, rules/alerting.go
 */
export class AlertingRule {
  readonly info: AlertRuleInfo;
  readonly #labels: readonly (readonly [string, Template])[];
  readonly #annotations: readonly (readonly [string, Template])[];
  readonly #hasPlainLabels: boolean;
  readonly #active = new Map<string, ActiveAlert>();
  #known = new WeakMap<LabelSet, LabelSet>();

  /** @throws TemplateError where a label or annotation cannot be read. */
  constructor(group: string, spec: AlertingSpec) {
    const { alert, expr, forMs, keepFiringForMs } = spec;
    this.info = Object.freeze({ name: alert, group, expr, forMs, keepFiringForMs });
    this.#labels = templatesOf(spec.labels);
    this.#annotations = templatesOf(spec.annotations);
    this.#hasPlainLabels = Object.values(spec.labels).every((text) => !text.includes('{{'));
  }

  /** The alerts that are active, or have ended within 15 minutes. */
  alerts(): readonly Alert[] {
    return [...this.#active.values()].map((alert) => this.#view(alert));
  }

  /**
   * @throws PromqlError where two series give the same alert: labels of the rule hide what tells them apart. No alert changes then.
   */
  evaluate(atMs: number, vector: Vector): AlertingOutcome {
    const found = new Map<string, { set: LabelSet; sample: Sample }>();
    for (const sample of vector) {
      const set = this.#labelsOf(sample);
      if (found.has(set.key))
        throw new PromqlError('vector contains metrics with the same labelset after applying alert labels');
      found.set(set.key, { set, sample });
    }
    const events: AlertEvent[] = [];
    for (const [key, { set, sample }] of found) this.#note(key, set, sample, atMs, events);
    const samples: Sample[] = [];
    for (const [key, alert] of this.#active) {
      if (found.has(key)) alert.keepFiringSinceMs = undefined;
      else if (!this.#isKept(alert, atMs)) {
        this.#end(key, alert, atMs, events);
        continue;
      }
      if (alert.state === 'pending' && atMs - alert.activeAtMs >= this.info.forMs) {
        alert.state = 'firing';
        alert.firedAtMs = atMs;
        events.push({ atMs, alert: this.#view(alert) });
      }
      const { written } = alert;
      samples.push({ labels: written[alert.state as 'pending' | 'firing'], value: 1 });
      samples.push({ labels: written.since, value: Math.floor(alert.activeAtMs / 1_000) });
    }
    return { samples, events };
  }

  #note(key: string, set: LabelSet, { labels, value }: Sample, atMs: number, events: AlertEvent[]): void {
    const data = { labels: labels.toLabels(), value };
    const annotations = Object.freeze(
      Object.fromEntries(this.#annotations.map(([name, template]) => [name, template(data)])),
    );
    const known = this.#active.get(key);
    if (known !== undefined && isActive(known)) {
      known.value = value;
      known.annotations = annotations;
      return;
    }
    const alert = newAlert(set, value, annotations, atMs);
    this.#active.delete(key);
    this.#active.set(key, alert);
    if (this.info.forMs > 0) events.push({ atMs, alert: this.#view(alert) });
  }

  /** Whether it goes on firing although its expression no longer holds. */
  #isKept(alert: ActiveAlert, atMs: number): boolean {
    const { keepFiringForMs } = this.info;
    if (alert.state !== 'firing' || keepFiringForMs === 0) return false;
    alert.keepFiringSinceMs ??= atMs;
    return atMs - alert.keepFiringSinceMs < keepFiringForMs;
  }

  #end(key: string, alert: ActiveAlert, atMs: number, events: AlertEvent[]): void {
    if (alert.resolvedAtMs !== undefined) {
      if (atMs - alert.resolvedAtMs > resolvedRetentionMs) this.#active.delete(key);
      return;
    }
    const hasFired = alert.state === 'firing';
    alert.state = hasFired ? 'resolved' : 'inactive';
    alert.resolvedAtMs = atMs;
    if (!hasFired) this.#active.delete(key);
    events.push({ atMs, alert: this.#view(alert) });
  }

  #labelsOf({ labels, value }: Sample): LabelSet {
    const known = this.#hasPlainLabels ? this.#known.get(labels) : undefined;
    if (known !== undefined) return known;
    const data = { labels: labels.toLabels(), value };
    const own = Object.fromEntries(this.#labels.map(([name, template]) => [name, template(data)]));
    const made = labels.nameless.with({ ...own, alertname: this.info.name });
    const interned = this.#active.get(made.key)?.set ?? made;
    this.#known.set(labels, interned);
    return interned;
  }

  #view(alert: ActiveAlert): Alert {
    const { id, state, labels, annotations, value, activeAtMs, firedAtMs, resolvedAtMs } = alert;
    return { id, state, rule: this.info, labels, annotations, value, activeAtMs, firedAtMs, resolvedAtMs };
  }
}

const isActive = ({ state }: ActiveAlert): boolean => state === 'pending' || state === 'firing';

function templatesOf(texts: Labels): (readonly [string, Template])[] {
  return Object.entries(texts).map(([name, text]) => [name, parseTemplate(text)] as const);
}

function newAlert(set: LabelSet, value: number, annotations: Labels, atMs: number): ActiveAlert {
  const inState = (alertstate: string) => set.with({ [METRIC_NAME]: 'ALERTS', alertstate });
  return {
    id: fingerprintOf(set),
    set,
    labels: Object.freeze(set.toLabels()),
    activeAtMs: atMs,
    state: 'pending',
    value,
    annotations,
    firedAtMs: undefined,
    resolvedAtMs: undefined,
    keepFiringSinceMs: undefined,
    written: {
      pending: inState('pending'),
      firing: inState('firing'),
      since: set.with({ [METRIC_NAME]: 'ALERTS_FOR_STATE' }),
    },
  };
}
