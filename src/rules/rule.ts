import type { SeriesId } from './series.js';

/** `page`: act now. `ticket`: act within days. `none`: no fault at all. */
export type Severity = 'page' | 'ticket' | 'none';

/** Which of the golden signals an alert is about; `liveness`: whether there are signals. */
type Signal = 'latency' | 'errors' | 'traffic' | 'saturation' | 'liveness' | 'slo';

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

export interface AlertRule {
  readonly alert: string;
  readonly signal: Signal;
  readonly severity: Severity;
  /** PromQL; every series it gives is an alert. */
  readonly expr: string;
  /** How long that has to hold before the alert fires, in seconds. */
  readonly forS: number;
  /** The number that the user chose, in base units; undefined for a rule without one. */
  readonly threshold: number | undefined;
  /** Beside `severity` and `signal`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Texts for people; Prometheus fills in `{{ $labels.job }}` and the like. */
  readonly summary: string;
  readonly description: string;
  /** Where to look first. */
  readonly action: string;
  /** The instruments it reads: without them it can never fire. */
  readonly reads: readonly SeriesId[];
}

export type Rule = RecordingRule | AlertRule;

/** Rules that are evaluated one after the other, so that a rule can read what those above it record. */
export interface RuleGroup {
  readonly name: string;
  /** In seconds. */
  readonly intervalS: number;
  readonly rules: readonly Rule[];
}

export function isAlert(rule: Rule): rule is AlertRule {
  return 'alert' in rule;
}
