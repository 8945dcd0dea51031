import { diag } from '@opentelemetry/api';
import type {
  AggregationOption,
  AggregationTemporality,
  CollectionResult,
  IMetricReader,
  InstrumentType,
  MetricProducer,
  ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { runSuppressed } from '../context/suppressed.js';
import type { Timers } from '../core/timers.js';
import type { Dropped } from '../metrics/dropped.js';
import { exportOnce } from './export-once.js';
import type { ExportPace } from './export-pace.js';
import { reasonOf } from './failure.js';
import type { Exporter } from './otlp-exporter.js';
import type { Outage } from './outage.js';

/** OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE. */
export type TemporalityPreference = 'cumulative' | 'delta' | 'lowmemory';

export interface PeriodicReaderParts {
  /** Called at the first export. */
  readonly createExporter: () => Promise<Exporter<ResourceMetrics>>;
  readonly intervalMs: number;
  /** Until the first export. */
  readonly firstDelayMs: number;
  readonly exportTimeoutMs: number;
  readonly temporality: TemporalityPreference;
  readonly dropped: Dropped;
  readonly outage: Outage;
  readonly timers: Timers;
  readonly pace?: ExportPace | undefined;
}

const DELTA: AggregationTemporality = 0;
const CUMULATIVE: AggregationTemporality = 1;
const DEFAULT_AGGREGATION = { type: 0 } as AggregationOption;
const cardinalityLimit = 2_000;

/**
 * Collects and exports every `intervalMs`, the first time after `firstDelayMs`, one export at a time. The SDK's own reader holds the process with the timer of an export
 * that is not answered; this one does not.
 */
export class PeriodicReader implements IMetricReader {
  readonly #parts: PeriodicReaderParts;
  #producer: MetricProducer | undefined;
  #exporter: Promise<Exporter<ResourceMetrics>> | undefined;
  #timer: unknown;
  #hasExported = false;
  #isClosed = false;
  #running: Promise<void> | undefined;
  /** What flushes that came during an export wait for: one more, which they share. */
  #next: Promise<void> | undefined;

  constructor(parts: PeriodicReaderParts) {
    this.#parts = parts;
    parts.pace?.onChange(() => {
      if (this.#timer === undefined || this.#isClosed) return;
      parts.timers.clear(this.#timer);
      this.#schedule();
    });
  }

  setMetricProducer(producer: MetricProducer): void {
    this.#producer = producer;
    // Given another one when the SDK comes in, it goes on as before.
    if (this.#timer === undefined) this.#schedule();
  }

  selectAggregation(): AggregationOption {
    return DEFAULT_AGGREGATION;
  }

  /** As the OTLP exporter specification has it for each preference. */
  selectAggregationTemporality(type: InstrumentType): AggregationTemporality {
    const { temporality } = this.#parts;
    if (temporality === 'cumulative') return CUMULATIVE;
    if (type === 'COUNTER' || type === 'HISTOGRAM') return DELTA;
    return temporality === 'delta' && type === 'OBSERVABLE_COUNTER' ? DELTA : CUMULATIVE;
  }

  selectCardinalityLimit(): number {
    return cardinalityLimit;
  }

  async collect(): Promise<CollectionResult> {
    if (this.#producer === undefined) throw new Error('the reader has no producer yet');
    return this.#producer.collect({ timeoutMillis: this.#parts.exportTimeoutMs });
  }

  /** Exports what has been measured up to now. Never rejects. */
  async forceFlush(): Promise<void> {
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#start();
    });
    return this.#next;
  }

  async shutdown(): Promise<void> {
    this.#isClosed = true;
    this.#parts.timers.clear(this.#timer);
    await this.forceFlush();
    await this.close();
  }

  /** Gives up the export that is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#parts.timers.clear(this.#timer);
    const exporter = await this.#exporter?.catch(() => undefined);
    await exporter?.shutdown().catch(() => {});
  }

  #schedule(): void {
    const { firstDelayMs, intervalMs, pace, timers } = this.#parts;
    const setMs = this.#hasExported ? intervalMs : firstDelayMs;
    // A timer set in a request would hold that request forever, and collect in its context.
    this.#timer = runSuppressed(() =>
      timers.set(() => {
        this.#hasExported = true;
        this.#schedule();
        void this.#start();
      }, pace?.within(setMs) ?? setMs),
    );
  }

  #start(): Promise<void> {
    this.#running ??= runSuppressed(() =>
      this.#export()
        .catch(() => {})
        .then(() => {
          this.#running = undefined;
        }),
    );
    return this.#running;
  }

  async #export(): Promise<void> {
    const { createExporter, dropped, exportTimeoutMs, outage, timers } = this.#parts;
    const { resourceMetrics, errors } = await this.collect();
    if (errors.length > 0) diag.error('metrics could not be collected', ...errors);
    if (resourceMetrics.scopeMetrics.length === 0) return;
    this.#exporter ??= createExporter();
    const reason = await this.#exporter.then(
      (exporter) => exportOnce(exporter, resourceMetrics, exportTimeoutMs, timers),
      reasonOf,
    );
    if (reason === undefined) {
      outage.succeeded();
      return;
    }
    const lost = deltaPoints(resourceMetrics);
    if (lost > 0) dropped.add('export_failed', lost);
    outage.failed(reason);
  }
}

/** A cumulative point comes again with the next export; an increment that was not delivered is gone. */
function deltaPoints({ scopeMetrics }: ResourceMetrics): number {
  let count = 0;
  for (const { metrics } of scopeMetrics) {
    for (const { aggregationTemporality, dataPoints } of metrics) {
      if (aggregationTemporality === DELTA) count += dataPoints.length;
    }
  }
  return count;
}
