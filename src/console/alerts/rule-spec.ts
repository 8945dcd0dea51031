import { isAlert, type RuleGroup } from '../../rules/rule.js';
import { annotationsOf, labelsOf } from '../../rules/rule-yaml.js';
import type { Labels } from './series-source.js';

export interface AlertingSpec {
  readonly alert: string;
  readonly expr: string;
  /** How long the expression has to hold before the alert fires, in milliseconds. */
  readonly forMs: number;
  /** How long it goes on firing when the expression no longer holds, in milliseconds. */
  readonly keepFiringForMs: number;
  /** Texts with templates. */
  readonly labels: Labels;
  readonly annotations: Labels;
}

export interface RecordingSpec {
  readonly record: string;
  readonly expr: string;
  readonly labels: Labels;
}

export type RuleSpec = AlertingSpec | RecordingSpec;

/** Rules that are evaluated one after the other, as a group of a rule file of Prometheus says. */
export interface GroupSpec {
  readonly name: string;
  readonly intervalMs: number;
  readonly rules: readonly RuleSpec[];
}

/** The second form of our rules: what is printed for Prometheus, for the engine. */
export function specsOf(groups: readonly RuleGroup[]): readonly GroupSpec[] {
  return groups.map(({ name, intervalS, rules }) => ({
    name,
    intervalMs: intervalS * 1_000,
    rules: rules.map((rule) =>
      isAlert(rule)
        ? {
            alert: rule.alert,
            expr: rule.expr,
            forMs: rule.forS * 1_000,
            keepFiringForMs: 0,
            labels: labelsOf(rule),
            annotations: annotationsOf(rule),
          }
        : { record: rule.record, expr: rule.expr, labels: {} },
    ),
  }));
}

/** How fast rules react, compared with what they say. */
export interface Pace {
  /** What the `for` of every rule is multiplied with. */
  readonly forFactor: number;
  /** No `for` is longer, in milliseconds. */
  readonly maxForMs: number;
  /** No group is evaluated more seldom, in milliseconds. */
  readonly maxIntervalMs: number;
}

/** The rules at a pace. What is recorded keeps the density that its group says, see `MemorySeriesStore.keepApart`. */
export function paced(group: GroupSpec, { forFactor, maxForMs, maxIntervalMs }: Pace): GroupSpec {
  return {
    ...group,
    intervalMs: Math.min(group.intervalMs, maxIntervalMs),
    rules: group.rules.map((rule) =>
      'alert' in rule ? { ...rule, forMs: Math.min(rule.forMs * forFactor, maxForMs) } : rule,
    ),
  };
}
