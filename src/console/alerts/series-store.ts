import { LabelSet, METRIC_NAME } from './label-set.js';
import { type Matcher, matchesAll, metricNameOf } from './matcher.js';
import type { SeriesList } from './promql/plan.js';
import type { Labels, SeriesStats, SeriesStore, SeriesWriter } from './series-source.js';
import { bytesPerSample, StoredSeries } from './stored-series.js';

export interface SeriesStoreConfig {
  /** What all series may take together, in bytes. */
  readonly maxBytes: number;
  /** Time between the samples that are kept, in milliseconds: of those that come sooner, the newest. */
  readonly gridMs: number;
  /** How long series that no rule reads are kept, in milliseconds; 0: not at all. */
  readonly unreadMs: number;
}

/** Samples may come a bit late, and evaluations too. */
const slackMs = 60_000;
/** How much is given up at once where there is no room: looking for what to give up takes its time. */
const relief = 1 / 8;
/** A series without a sample for so long has ended, whatever the rules ask of its past. */
const endedMs = 300_000;

interface Query extends SeriesList {
  readonly matchers: readonly Matcher[];
  readonly horizonMs: number;
  readonly series: StoredSeries[];
}

/**
 * The series that the rules read, in memory: each as far back as the rules look, all together within `maxBytes`. Where there is no room,
 * series that have ended go first, then the older half of the largest series of the job that has most.
 */
export class MemorySeriesStore implements SeriesStore {
  readonly #config: SeriesStoreConfig;
  readonly #byName = new Map<string, Map<string, StoredSeries>>();
  /** By the name of the metric; under '' those that name none. */
  readonly #queries = new Map<string, Query[]>();
  /** Metrics whose samples are kept this far apart, in milliseconds. */
  readonly #grids = new Map<string, number>();
  #queryCount = 0;
  #count = 0;
  /** Without the samples. */
  #ownBytes = 0;
  #samples = 0;
  #nowMs = Number.NEGATIVE_INFINITY;
  #droppedSamples = 0;
  #evictedSeries = 0;

  constructor(config: SeriesStoreConfig) {
    this.#config = config;
  }

  append(name: string, labels: Labels, timeMs: number, value: number): void {
    const series = this.#seriesOf(LabelSet.of(labels, name));
    if (series !== undefined) this.#appendTo(series, timeMs, value);
  }

  markStale(name: string, labels: Labels, timeMs: number): void {
    const set = LabelSet.of(labels, name);
    this.#byName.get(name)?.get(set.key)?.markStale(Math.trunc(timeMs));
  }

  writer(name: string, labels: Labels): SeriesWriter {
    return this.writerOf(LabelSet.of(labels, name));
  }

  /** As {@link writer}, of labels that include the name. */
  writerOf(labels: LabelSet): SeriesWriter {
    let series: StoredSeries | undefined;
    let unreadAmong = -1;
    return {
      append: (timeMs, value) => {
        if (series === undefined || series.isDropped) {
          if (unreadAmong === this.#queryCount) return;
          series = this.#seriesOf(labels);
          if (series === undefined) unreadAmong = this.#queryCount;
        }
        if (series !== undefined) this.#appendTo(series, timeMs, value);
      },
      markStale: (timeMs) => {
        if (series !== undefined && !series.isDropped) series.markStale(Math.trunc(timeMs));
      },
      drop: () => {
        if (series !== undefined && !series.isDropped) this.#drop(series);
      },
    };
  }

  isRead(name: string): boolean {
    if (this.#config.unreadMs > 0 || this.#queries.has(name)) return true;
    return (this.#queries.get('') ?? []).some(({ matchers }) =>
      matchers.every((matcher) => matcher.name !== METRIC_NAME || matcher.matches(name)),
    );
  }

  get stats(): SeriesStats {
    return {
      series: this.#count,
      samples: this.#samples,
      bytes: this.#bytes,
      droppedSamples: this.#droppedSamples,
      evictedSeries: this.#evictedSeries,
    };
  }

  get #bytes(): number {
    return this.#ownBytes + this.#samples * bytesPerSample;
  }

  /** Keeps samples of a metric `gridMs` apart, and the newest besides: what is recorded more often than its rule says. */
  keepApart(name: string, gridMs: number): void {
    this.#grids.set(name, gridMs);
  }

  /** The series that match, now and later; their samples are kept for `horizonMs`. */
  watch(matchers: readonly Matcher[], horizonMs: number): SeriesList {
    const query: Query = { matchers, horizonMs: horizonMs + slackMs, series: [] };
    const name = metricNameOf(matchers) ?? '';
    this.#queries.set(name, [...(this.#queries.get(name) ?? []), query]);
    this.#queryCount += 1;
    for (const series of this.#candidates(matchers)) this.#join(series, query);
    return query;
  }

  /** The series that match now. */
  select(matchers: readonly Matcher[]): SeriesList {
    return { series: this.#candidates(matchers).filter(({ labels }) => matchesAll(matchers, labels)) };
  }

  /** What time it is: the clocks of those who send samples may be wrong. */
  advance(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  /** Forgets what no rule asks for any more. To be called once in a while. */
  sweep(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const series of this.#all()) {
      if (series.newestMs < nowMs - series.horizonMs) this.#drop(series);
      else this.#forget(series, nowMs - series.horizonMs);
    }
  }

  #candidates(matchers: readonly Matcher[]): StoredSeries[] {
    const name = metricNameOf(matchers);
    return name === undefined ? this.#all() : [...(this.#byName.get(name)?.values() ?? [])];
  }

  #all(): StoredSeries[] {
    return [...this.#byName.values()].flatMap((family) => [...family.values()]);
  }

  #seriesOf(labels: LabelSet): StoredSeries | undefined {
    const name = labels.get(METRIC_NAME);
    const known = this.#byName.get(name)?.get(labels.key);
    return known ?? this.#add(name, labels);
  }

  #add(name: string, labels: LabelSet): StoredSeries | undefined {
    const grid = this.#grids.get(name);
    // What is recorded is summed up and counted over days: its density has to stay.
    const isThinned = grid === undefined;
    const series = new StoredSeries(labels, this.#config.unreadMs, grid ?? this.#config.gridMs, isThinned);
    for (const query of [...(this.#queries.get(name) ?? []), ...(this.#queries.get('') ?? [])])
      this.#join(series, query);
    if (series.horizonMs === 0) return undefined;
    const family = this.#byName.get(name);
    if (family === undefined) this.#byName.set(name, new Map([[labels.key, series]]));
    else family.set(labels.key, series);
    this.#count += 1;
    this.#ownBytes += series.ownBytes;
    return series;
  }

  #join(series: StoredSeries, query: Query): void {
    if (!matchesAll(query.matchers, series.labels)) return;
    query.series.push(series);
    series.horizonMs = Math.max(series.horizonMs, query.horizonMs);
  }

  #drop(series: StoredSeries): void {
    const name = series.labels.get(METRIC_NAME);
    const family = this.#byName.get(name);
    if (family?.get(series.labels.key) !== series) return;
    family.delete(series.labels.key);
    if (family.size === 0) this.#byName.delete(name);
    for (const query of [...(this.#queries.get(name) ?? []), ...(this.#queries.get('') ?? [])]) {
      const index = query.series.indexOf(series);
      if (index !== -1) query.series.splice(index, 1);
    }
    series.isDropped = true;
    this.#count -= 1;
    this.#ownBytes -= series.ownBytes;
    this.#samples -= series.times.length;
  }

  #appendTo(series: StoredSeries, timeMs: number, value: number): void {
    const at = Math.trunc(timeMs);
    const before = series.times.length;
    if (!series.append(at, value)) {
      this.#droppedSamples += 1;
      return;
    }
    this.#samples += series.times.length - before;
    if (this.#bytes > this.#config.maxBytes) this.#makeRoom();
  }

  #forget(series: StoredSeries, beforeMs: number): void {
    const before = series.times.length;
    series.forgetBefore(beforeMs);
    this.#samples += series.times.length - before;
  }

  #makeRoom(): void {
    const target = this.#config.maxBytes * (1 - relief);
    const oldestFirst = this.#all().sort((a, b) => a.newestMs - b.newestMs);
    for (const series of oldestFirst) {
      if (this.#bytes <= target || series.newestMs >= this.#nowMs - endedMs) break;
      this.#evict(series);
    }
    if (this.#bytes > target) this.#shorten(target);
  }

  /** Takes from the jobs that have most until they have no more than the others. */
  #shorten(target: number): void {
    const jobs = new Map<string, { readonly name: string; bytes: number; series: StoredSeries[] }>();
    for (const series of this.#all()) {
      const name = series.labels.get('job');
      const job = jobs.get(name) ?? { name, bytes: 0, series: [] };
      job.bytes += bytesOf(series);
      job.series.push(series);
      jobs.set(name, job);
    }
    for (const job of jobs.values()) job.series.sort((a, b) => a.length - b.length);
    while (this.#bytes > target && jobs.size > 0) {
      const job = [...jobs.values()].reduce((most, one) => (one.bytes > most.bytes ? one : most));
      const series = job.series.pop();
      if (series === undefined) {
        jobs.delete(job.name);
        continue;
      }
      const before = this.#bytes;
      this.#halve(series);
      job.bytes -= before - this.#bytes;
    }
  }

  #halve(series: StoredSeries): void {
    const middle = series.times[(series.start + series.times.length) >>> 1] as number;
    const before = this.#bytes;
    this.#forget(series, middle);
    if (this.#bytes === before) this.#evict(series);
  }

  #evict(series: StoredSeries): void {
    this.#evictedSeries += 1;
    this.#drop(series);
  }
}

function bytesOf(series: StoredSeries): number {
  return series.ownBytes + series.times.length * bytesPerSample;
}
