import type { SeriesStore } from '../alerts/series-source.js';
import { readEnvelopes } from '../receive/envelope.js';
import { METRIC } from '../receive/otlp-schema.js';
import { ProtobufReader } from '../receive/protobuf-reader.js';
import { protobufToJson } from '../receive/protobuf-to-json.js';
import { traceWords } from '../receive/words.js';
import type { Store } from '../store/store.js';
import { Cell } from './cell.js';
import { bucketOf } from './exponential-histogram.js';
import type { Gauges } from './gauges.js';
import { type ExplicitHistogram, type Metric, metricOf, type Point } from './metric-point.js';
import { jobOf, PrometheusSeries } from './prometheus-series.js';
import type { Signals } from './signals.js';
import type { States } from './states.js';

/** What the page shows of saturation, with the attributes that tell several apart. */
const watched: Readonly<Record<string, readonly string[]>> = {
  'db.client.connection.count': ['db.client.connection.pool.name', 'db.client.connection.state'],
  'db.client.connection.limit': ['db.client.connection.pool.name'],
  // Its name before version 1.45 of the conventions.
  'db.client.connection.max': ['db.client.connection.pool.name'],
  'db.client.connection.pending_requests': ['db.client.connection.pool.name'],
  'nodejs.eventloop.utilization': [],
  'nodejs.eventloop.delay.p50': [],
  'nodejs.eventloop.delay.p99': [],
  'process.cpu.utilization': ['cpu.mode'],
  'process.cpu.time': ['cpu.mode'],
  'process.memory.usage': [],
  'v8js.memory.heap.used': ['v8js.heap.space.name'],
  'golden_signals.v8js.memory.heap.limit': [],
  'container.memory.usage': [],
  'container.memory.available': [],
  'golden_signals.container.memory.limit': [],
  'golden_signals.container.cpu.limit': [],
  'golden_signals.container.cpu.throttled.periods': [],
  'golden_signals.dropped': ['golden_signals.reason'],
  // What an SDK of OpenTelemetry says of itself: with an error, what it gave up.
  'otel.sdk.processor.span.processed': ['error.type'],
  'golden_signals.breaker.rejected': ['golden_signals.breaker.name'],
  'http.server.active_requests': [],
};

const maxCounted = 20_000;
/** Into so many parts the requests of a bucket are spread, as they are taken to be evenly distributed in it. */
const parts = 16;

interface Counted {
  startNano: string;
  counts: readonly number[];
}

export interface MetricFeedParts {
  readonly store: Store;
  readonly signals: Signals;
  readonly gauges: Gauges;
  readonly states: States;
  readonly series: SeriesStore;
  readonly boundaries: readonly number[];
  /** A service has sent the metric of its requests that rules read. */
  readonly onRequests: (job: string, timeMs: number) => void;
}

/** Takes metrics in: for the alerts, for the golden signals where spans are sampled, for saturation and for states. */
export class MetricFeed {
  readonly #parts: MetricFeedParts;
  readonly #series: PrometheusSeries;
  readonly #counted = new Map<string, Counted>();
  readonly #rates = new Map<string, { value: number; timeMs: number }>();
  received = 0;

  constructor(parts: MetricFeedParts) {
    this.#parts = parts;
    this.#series = new PrometheusSeries(parts.series);
  }

  /** Takes in a request. @throws Malformed */
  take(bytes: Buffer): number {
    const reader = new ProtobufReader(bytes);
    let dropped = 0;
    readEnvelopes(reader, this.#parts.store.catalog, (end, resource) => {
      const metric = metricOf(protobufToJson(bytes.subarray(reader.at, end), METRIC), this.#parts.boundaries);
      if (metric === undefined) dropped += 1;
      else this.#metric(metric, resource);
    });
    return dropped;
  }

  #metric(metric: Metric, resourceId: number): void {
    const { store, onRequests } = this.#parts;
    const resource = store.catalog.resource(resourceId);
    const isOfRequests = metric.name === 'http.server.request.duration' && metric.unit === 's';
    for (const point of metric.points) {
      this.received += 1;
      this.#series.write(metric, point, resourceId, resource);
      if (isOfRequests) onRequests(jobOf(resource), point.timeMs);
      for (const traceId of point.examples) {
        const words = traceWords(traceId);
        if (words !== undefined) store.keepTrace(words);
      }
      if (metric.name === 'http.server.request.duration' && point.histogram !== undefined)
        this.#count(metric, point, point.histogram, resourceId, resource.service);
      else if (Object.hasOwn(watched, metric.name)) this.#watch(metric, point, resourceId);
      else if (metric.name.startsWith('golden_signals.')) this.#state(metric, point, resourceId);
    }
  }

  #count(
    { isDelta, unit }: Metric,
    { key, attributes, timeMs, startNano }: Point,
    { bounds, counts }: ExplicitHistogram,
    resource: number,
    service: number,
  ): void {
    const id = `${resource} ${key}`;
    const before = this.#counted.get(id);
    if (before === undefined && this.#counted.size >= maxCounted) return;
    this.#counted.set(id, { startNano, counts });
    // What a process did before the console was there did not happen now.
    if (before === undefined && !isDelta && Number(startNano) / 1e6 < this.#parts.store.startMs) return;
    const isContinued = before !== undefined && before.startNano === startNano && !isDelta;
    const cell = new Cell();
    const scale = unit === 'ms' ? 1 : 1_000;
    const isFailed = Number(attributes['http.response.status_code'] ?? 0) >= 500;
    for (const [index, count] of counts.entries()) {
      const added = count - (isContinued ? (before.counts[index] ?? 0) : 0);
      if (added <= 0) continue;
      const from = (index === 0 ? 0 : (bounds[index - 1] as number)) * scale;
      const to = (bounds[index] ?? bounds.at(-1) ?? 0) * scale;
      cell.count += added;
      if (isFailed) cell.errors += added;
      spread(cell, from, to, added);
    }
    if (cell.count === 0) return;
    const method = String(attributes['http.request.method'] ?? '');
    const route = String(attributes['http.route'] ?? '');
    this.#parts.signals.counted(service, route === '' ? method : `${method} ${route}`, timeMs, cell);
  }

  #watch(metric: Metric, point: Point, resource: number): void {
    const keys = watched[metric.name] as readonly string[];
    const detail = keys
      .map((key) => String(point.attributes[key] ?? ''))
      .join(' ')
      .trim();
    const gauge = this.#parts.gauges.of(resource, metric.name, detail, metric.unit);
    if (gauge === undefined) return;
    if (metric.kind !== 'counter') {
      gauge.set(point.timeMs, point.value);
      return;
    }
    // A counter is shown as what it grows by, each second.
    const id = `${resource} ${metric.name} ${point.key}`;
    // What a process counted before its first export is an increase as well.
    const startMs = Number(point.startNano) / 1e6;
    const before = this.#rates.get(id) ?? (startMs > 0 ? { value: 0, timeMs: startMs } : undefined);
    if (this.#rates.has(id) || this.#rates.size < maxCounted)
      this.#rates.set(id, { value: point.value, timeMs: point.timeMs });
    if (before === undefined || point.timeMs <= before.timeMs) return;
    const grown = metric.isDelta ? point.value : Math.max(0, point.value - before.value);
    gauge.set(point.timeMs, grown / ((point.timeMs - before.timeMs) / 1_000));
  }

  #state({ name }: Metric, { attributes, timeMs, value }: Point, resource: number): void {
    const { states } = this.#parts;
    const text = (key: string) => String(attributes[key] ?? '');
    if (name === 'golden_signals.breaker.state') {
      if (value === 1)
        states.set(
          'breaker',
          resource,
          text('golden_signals.breaker.name'),
          timeMs,
          text('golden_signals.breaker.state'),
        );
    } else if (name === 'golden_signals.health.status')
      states.set(
        'probe',
        resource,
        text('golden_signals.health.check'),
        timeMs,
        value >= 1 ? 'pass' : value > 0 ? 'warn' : 'fail',
      );
    else if (name === 'golden_signals.heartbeat.timestamp') states.beat(resource, { beatMs: value * 1_000 });
    else if (name === 'golden_signals.heartbeat.interval')
      states.beat(resource, { intervalMs: value * 1_000 });
  }
}

/** Prometheus interpolates alike. */
function spread(cell: Cell, fromMs: number, toMs: number, count: number): void {
  const pieces = Math.min(parts, count);
  let left = count;
  for (let piece = 0; piece < pieces; piece += 1) {
    const own = Math.round(left / (pieces - piece));
    left -= own;
    const ms = fromMs + ((toMs - fromMs) * (piece + 0.5)) / pieces;
    if (own === 0) continue;
    cell.histogram.add(bucketOf(ms), own);
    cell.sumMs += ms * own;
    cell.maxMs = Math.max(cell.maxMs, ms);
  }
}
