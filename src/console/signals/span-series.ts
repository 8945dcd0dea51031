import type { SeriesStore, SeriesWriter } from '../alerts/series-source.js';
import type { Catalog } from '../store/catalog.js';
import { type Draft, FAILED, kindOf, SERVER } from '../store/draft.js';
import { boundText, jobOf } from './prometheus-series.js';

const family = 'http_server_request_duration_seconds';
/** A request that ended longer ago is one of an import: it did not happen now. */
const maxAgeMs = 300_000;
/** So long after its last metric a service is taken to send none. */
const withoutMetricMs = 300_000;
/** A service without a request for so long has no series any more. */
const idleMs = 300_000;
const maxStatuses = 40;
const probe = /^(?:[A-Z]+ )?\/(?:health|healthz|livez|readyz|metrics)(?:\/.*)?$/;

/** In place of a status of HTTP: none is known, or that the request failed is all that is known. */
const UNKNOWN = 0;
const FAILURE = 1;

/** The requests of one service with one status. */
interface Requests {
  /** Of each bucket, then of those longer than the last bound. */
  readonly counts: number[];
  sumS: number;
  /** When the first of them began, in milliseconds since the epoch. */
  readonly sinceMs: number;
  writers: readonly SeriesWriter[] | undefined;
}

interface Job {
  readonly name: string;
  readonly requests: Map<number, Requests>;
  metricMs: number;
  spanMs: number;
  writtenMs: number;
}

export interface SpanSeriesParts {
  readonly catalog: Catalog;
  readonly series: SeriesStore;
  /** Bounds of buckets, in seconds, rising: the thresholds of the rules are among them. */
  readonly bounds: readonly number[];
  /** From when the times of spans count, in milliseconds since the epoch. */
  readonly startMs: number;
  readonly now: () => number;
}

/**
 * The requests of services that send spans and no metrics, written as the series that the metric would be: the same rules judge them. By
 * service and status, without routes: rules need no more, and it stays small. Once a service sends the metric, this is dropped.
 */
export class SpanSeries {
  readonly #parts: SpanSeriesParts;
  readonly #jobs = new Map<string, Job>();
  /** By the number of a resource. */
  readonly #ofResource: Job[] = [];
  /** Whether a request is one of a probe: by the catalog's number of its route, or of its span's name where it has no route. */
  readonly #areProbes = { route: new Map<number, boolean>(), name: new Map<number, boolean>() };

  constructor(parts: SpanSeriesParts) {
    this.#parts = parts;
  }

  span(draft: Draft): void {
    if (kindOf(draft.kind) !== SERVER) return;
    const { startMs, now } = this.#parts;
    const nowMs = now();
    const job = this.#jobOf(draft.resource);
    if (nowMs - job.metricMs < withoutMetricMs) return;
    const beganMs = startMs + draft.start / 1e6;
    if (nowMs - beganMs - draft.duration / 1e6 > maxAgeMs || this.#isProbe(draft)) return;
    job.spanMs = nowMs;
    const requests = this.#requestsOf(job, draft, beganMs);
    const seconds = draft.duration / 1e9;
    const bucket = this.#bucketOf(seconds);
    requests.counts[bucket] = (requests.counts[bucket] as number) + 1;
    requests.sumS += seconds;
  }

  /** A service has sent the metric itself. */
  metricCame(job: string, timeMs: number): void {
    const known = this.#named(job);
    known.metricMs = Math.max(known.metricMs, timeMs);
    if (this.#parts.now() - known.metricMs < withoutMetricMs) drop(known);
  }

  /** Brings the series up to date. To be called before rules are evaluated. */
  write(nowMs: number): void {
    // Rules are evaluated at whole seconds, and what is later is not seen.
    const atMs = Math.floor(nowMs / 1_000) * 1_000;
    for (const job of this.#jobs.values()) {
      if (nowMs - job.spanMs > idleMs) {
        // The series end by themselves, and a later request begins new ones.
        job.requests.clear();
        continue;
      }
      for (const [status, requests] of job.requests) {
        if (requests.writers === undefined) {
          requests.writers = this.#writersOf(job.name, status);
          const sinceMs = Math.max(requests.sinceMs, job.writtenMs, nowMs - maxAgeMs);
          for (const writer of requests.writers) writer.append(Math.min(sinceMs, atMs - 1), 0);
        }
        this.#append(requests, atMs);
      }
      job.writtenMs = atMs;
    }
  }

  #append({ counts, sumS, writers = [] }: Requests, atMs: number): void {
    let total = 0;
    for (let index = 0; index < counts.length; index += 1) {
      total += counts[index] as number;
      writers[index]?.append(atMs, total);
    }
    writers[counts.length]?.append(atMs, sumS);
    writers[counts.length + 1]?.append(atMs, total);
  }

  #requestsOf(job: Job, draft: Draft, beganMs: number): Requests {
    const own = statusOf(draft);
    const status = job.requests.size < maxStatuses || job.requests.has(own) ? own : otherThan(own);
    let requests = job.requests.get(status);
    if (requests === undefined) {
      const counts = new Array<number>(this.#parts.bounds.length + 1).fill(0);
      requests = { counts, sumS: 0, sinceMs: beganMs, writers: undefined };
      job.requests.set(status, requests);
    }
    return requests;
  }

  #bucketOf(seconds: number): number {
    const { bounds } = this.#parts;
    let index = 0;
    while (index < bounds.length && seconds > (bounds[index] as number)) index += 1;
    return index;
  }

  #writersOf(job: string, status: number): SeriesWriter[] {
    const { bounds, series } = this.#parts;
    const labels = { job, ...(status === UNKNOWN ? {} : { http_response_status_code: codeOf(status) }) };
    return [
      ...[...bounds.map(boundText), '+Inf'].map((le) => series.writer(`${family}_bucket`, { ...labels, le })),
      series.writer(`${family}_sum`, labels),
      series.writer(`${family}_count`, labels),
    ];
  }

  #jobOf(resource: number): Job {
    let job = this.#ofResource[resource];
    if (job === undefined) {
      job = this.#named(jobOf(this.#parts.catalog.resource(resource)));
      this.#ofResource[resource] = job;
    }
    return job;
  }

  #named(name: string): Job {
    let job = this.#jobs.get(name);
    if (job === undefined) {
      const never = Number.NEGATIVE_INFINITY;
      job = { name, requests: new Map(), metricMs: never, spanMs: never, writtenMs: never };
      this.#jobs.set(name, job);
    }
    return job;
  }

  /** The rules leave probes out by their routes, which these series do not have. */
  #isProbe({ route, name }: Draft): boolean {
    const { catalog } = this.#parts;
    const [known, id] = route === 0 ? [this.#areProbes.name, name] : [this.#areProbes.route, route];
    let is = known.get(id);
    if (is === undefined) {
      is = probe.test((route === 0 ? catalog.names : catalog.routes).text(id));
      known.set(id, is);
    }
    return is;
  }
}

function statusOf({ http, kind }: Draft): number {
  if (http > FAILURE) return http;
  return (kind & FAILED) === 0 ? UNKNOWN : FAILURE;
}

/** What stands for the statuses of a service that has too many. */
function otherThan(status: number): number {
  return status === FAILURE || status >= 500 ? FAILURE : UNKNOWN;
}

/** What rules match as `5..`. */
function codeOf(status: number): string {
  return status === FAILURE ? '5xx' : String(status);
}

function drop(job: Job): void {
  for (const { writers = [] } of job.requests.values()) for (const writer of writers) writer.drop();
  job.requests.clear();
  job.writtenMs = Number.NEGATIVE_INFINITY;
}
