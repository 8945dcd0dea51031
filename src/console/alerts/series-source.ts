/** Names and values of labels, without `__name__`. */
export type Labels = Readonly<Record<string, string>>;

/** One Prometheus series, kept by a feeder that appends to it often: no lookup by labels for each sample. */
export interface SeriesWriter {
  /**
   * Adds a sample. `timeMs` is in milliseconds since the epoch, fractions are cut off; NaN is a value like any other.
   * A sample that is not newer than the last one is left out, and counted.
   */
  append(timeMs: number, value: number): void;
  /** From `timeMs` on the series is gone, at once rather than after the look-back of five minutes, as a stale marker of Prometheus says. */
  markStale(timeMs: number): void;
  /** Forgets the series with all its samples. */
  drop(): void;
}

/** What the console feeds: Prometheus series, by the names and labels of our Prometheus exposition, `job` and `instance` included. */
export interface SeriesStore {
  append(name: string, labels: Labels, timeMs: number, value: number): void;
  markStale(name: string, labels: Labels, timeMs: number): void;
  /** The same series by a handle; it stays valid when the series has been dropped, and makes it anew. */
  writer(name: string, labels: Labels): SeriesWriter;
  /** Whether any rule reads series of this name. What none reads needs not be fed. */
  isRead(name: string): boolean;
  readonly stats: SeriesStats;
}

export interface SeriesStats {
  readonly series: number;
  readonly samples: number;
  readonly bytes: number;
  /** Samples that were too old, not newer than the last one of their series, or of a series for which there was no room. */
  readonly droppedSamples: number;
  /** Series that were dropped for room before their age. */
  readonly evictedSeries: number;
}

/**
 * `pending`: the expression holds, `for` has not passed. `firing`: it has. `resolved`: it has fired and no longer does.
 * `inactive`: it was pending, and ended before it fired.
 */
export type AlertState = 'pending' | 'firing' | 'resolved' | 'inactive';

/** An alert: one label set of one rule. */
export interface Alert {
  /** The same for the same rule and labels, over restarts of the console too. */
  readonly id: string;
  readonly state: AlertState;
  readonly rule: AlertRuleInfo;
  /** Those of its series and of its rule, with `alertname`. */
  readonly labels: Labels;
  /** With their templates filled in; as of the last evaluation in which it was active. */
  readonly annotations: Labels;
  /** What the expression gave, as of the last evaluation in which it was active. */
  readonly value: number;
  /** When the expression began to hold, by evaluation time, in milliseconds since the epoch. */
  readonly activeAtMs: number;
  readonly firedAtMs: number | undefined;
  readonly resolvedAtMs: number | undefined;
}

export interface AlertRuleInfo {
  /** `alertname`. */
  readonly name: string;
  readonly group: string;
  /** PromQL. */
  readonly expr: string;
  /** As it is applied here, in milliseconds. */
  readonly forMs: number;
  readonly keepFiringForMs: number;
}

/** An alert has changed its state, at an evaluation. */
export interface AlertEvent {
  readonly atMs: number;
  readonly alert: Alert;
}

export type AlertListener = (event: AlertEvent) => void;
