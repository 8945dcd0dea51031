import { familyName, labelName } from '../../core/prometheus-names.js';
import type { Labels, SeriesStore, SeriesWriter } from '../alerts/series-source.js';
import type { Resource } from '../store/catalog.js';
import type { ExplicitHistogram, Metric, Point } from './metric-point.js';

const maxEntries = 20_000;

/** What is known of one series between two exports. */
interface Entry {
  /** For a number: one. For a histogram: each bucket, the rest, the sum and the count. */
  readonly writers: readonly SeriesWriter[];
  readonly bounds: readonly number[];
  /** What deltas add up to. */
  readonly totals: number[];
  /** When the process began to count, as it came; of deltas that of the first. */
  startNano: string;
}

/** When a metric of a process came last, and the time before. */
interface Exported {
  timeMs: number;
  beforeMs: number;
}

/**
 * Writes metrics into the store of the alerts as Prometheus would have them: by the names of our own exposition, `job` and `instance` by the
 * resource. Deltas are added up. Only what a rule reads.
 *
 * A counter begins with a 0, so that what it begins with is an increase: the first failure of a route counts. The 0 is from when the process
 * began to count, as Prometheus takes it of created timestamps, or from the last export that did not have the series yet, as that is later.
 */
export class PrometheusSeries {
  readonly #store: SeriesStore;
  readonly #entries = new Map<string, Entry>();
  readonly #exported = new Map<string, Exported>();
  /** Points for which there was no room. */
  dropped = 0;

  constructor(store: SeriesStore) {
    this.#store = store;
  }

  write(metric: Metric, point: Point, resourceId: number, resource: Resource): void {
    const family = familyName(metric.name, metric.unit, metric.kind)?.name;
    if (family === undefined) return;
    const { histogram } = point;
    const names =
      histogram !== undefined
        ? [`${family}_bucket`, `${family}_sum`, `${family}_count`]
        : [metric.kind === 'counter' ? `${family}_total` : family];
    if (!names.some((name) => this.#store.isRead(name))) return;
    const key = `${resourceId} ${names[0]} ${point.key}`;
    const isCounted = metric.kind === 'counter' || metric.kind === 'histogram';
    const absentMs = isCounted ? this.#absentMs(`${resourceId} ${names[0]}`, point.timeMs) : 0;
    let entry = this.#entries.get(key);
    const isNew = entry === undefined || (histogram !== undefined && !isSame(entry.bounds, histogram.bounds));
    if (entry === undefined || isNew) {
      if (this.#entries.size >= maxEntries) forgetSome(this.#entries);
      entry = this.#entryOf(names, labelsOf(point, resource), histogram);
    }
    const isRestarted = !metric.isDelta && entry.startNano !== point.startNano;
    if (isCounted && (isNew || isRestarted)) {
      entry.startNano = point.startNano;
      const startMs = Number(point.startNano) / 1e6;
      if (startMs > 0) this.#beginAt(entry, isNew ? Math.max(startMs, absentMs) : startMs, point.timeMs);
    }
    // The last one written is the last one forgotten.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const values = histogram === undefined ? [point.value] : valuesOf(histogram);
    for (const [index, value] of values.entries()) {
      const total = metric.isDelta ? (entry.totals[index] ?? 0) + value : value;
      entry.totals[index] = total;
      entry.writers[index]?.append(point.timeMs, total);
    }
  }

  #entryOf(names: readonly string[], labels: Labels, histogram: ExplicitHistogram | undefined): Entry {
    const [first = '', sum = '', count = ''] = names;
    if (histogram === undefined)
      return { writers: [this.#store.writer(first, labels)], bounds: [], totals: [], startNano: '' };
    const bounds = [...histogram.bounds.map(boundText), '+Inf'];
    return {
      writers: [
        ...bounds.map((le) => this.#store.writer(first, { ...labels, le })),
        this.#store.writer(sum, labels),
        this.#store.writer(count, labels),
      ],
      bounds: histogram.bounds,
      totals: [],
      startNano: '',
    };
  }

  /** When that metric of the process last came before this time; 0 where it did not. */
  #absentMs(key: string, timeMs: number): number {
    const known = this.#exported.get(key);
    if (known === undefined) {
      if (this.#exported.size >= maxEntries) forgetSome(this.#exported);
      this.#exported.set(key, { timeMs, beforeMs: 0 });
      return 0;
    }
    if (timeMs > known.timeMs) {
      known.beforeMs = known.timeMs;
      known.timeMs = timeMs;
    }
    return known.beforeMs;
  }

  #beginAt({ writers }: Entry, atMs: number, timeMs: number): void {
    if (atMs >= timeMs) return;
    for (const writer of writers) writer.append(atMs, 0);
  }
}

/** The oldest tenth. */
function forgetSome(map: Map<string, unknown>): void {
  let left = maxEntries / 10;
  for (const key of map.keys()) {
    if (left <= 0) return;
    map.delete(key);
    left -= 1;
  }
}

/** Buckets cumulated as Prometheus has them, then the sum and the count. */
function valuesOf({ bounds, counts, sum, count }: ExplicitHistogram): number[] {
  const values: number[] = [];
  let total = 0;
  for (let index = 0; index < bounds.length; index += 1) {
    total += counts[index] ?? 0;
    values.push(total);
  }
  return [...values, count, sum, count];
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((bound, index) => bound === b[index]);
}

/** As our exposition writes bounds: with a fraction always. */
export function boundText(bound: number): string {
  return Number.isInteger(bound) && Math.abs(bound) < 1e21 ? `${bound}.0` : String(bound);
}

/** Attributes that get the same name share a label, with semicolons between their values. */
function labelsOf({ attributes }: Point, resource: Resource): Labels {
  const labels: Record<string, string> = {};
  for (const key of Object.keys(attributes).sort()) {
    const value = attributes[key];
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
    if (text === '') continue;
    const name = labelName(key);
    labels[name] = Object.hasOwn(labels, name) ? `${labels[name]};${text}` : text;
  }
  labels.job = jobOf(resource);
  if (resource.instance !== '') labels.instance = resource.instance;
  return labels;
}

export function jobOf({ namespace, serviceName }: Resource): string {
  return namespace === '' ? serviceName : `${namespace}/${serviceName}`;
}
