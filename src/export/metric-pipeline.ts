import { createNoopMeter, type Meter, type MeterOptions, type MeterProvider } from '@opentelemetry/api';
import type {
  CollectionResult,
  IMetricReader,
  MetricProducer,
  ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { runQuietly } from '../context/suppressed.js';
import { toHrTime } from '../core/time.js';
import type { Timers } from '../core/timers.js';
import type { Dropped } from '../metrics/dropped.js';
import type { MetricConfig } from '../metrics/options.js';
import type { Exporter } from './otlp-exporter.js';
import type { Outage } from './outage.js';
import { createOwnMetrics, type OwnMetricsParts } from './own-metrics.js';
import { PeriodicReader } from './periodic-reader.js';
import { bothProducers } from './producers.js';
import { ScrapeReader } from './scrape-reader.js';
import { settledWithin } from './settled-within.js';

export interface MetricPipelineParts extends Omit<OwnMetricsParts, 'startedAt'> {
  readonly config: MetricConfig;
  /** Whether {@link MetricPipeline.collect} is going to be called. */
  readonly isScraped: boolean;
  /** Called at the first export. */
  readonly createExporter: (name: string) => Promise<Exporter<ResourceMetrics>>;
  readonly dropped: Dropped;
  readonly outageOf: (exporter: string) => Outage;
  readonly onFault: (place: string, error: unknown) => void;
  readonly timers: Timers;
}

type Sdk = MeterProvider & { forceFlush(): Promise<void>; shutdown(): Promise<void> };

const HISTOGRAM_TYPE = 'HISTOGRAM' as Parameters<IMetricReader['selectAggregationTemporality']>[0];
const DELTA = 0;

/**
 * Takes the metrics out: the series that this library keeps and those that a user makes with the API leave through the same readers.
 * The SDK is loaded when a user asks for a meter, when he brings readers, or at the first export; never for starting up.
 */
export class MetricPipeline implements MeterProvider {
  readonly #parts: MetricPipelineParts;
  readonly #own: OwnMetricsParts;
  readonly #exporters: readonly string[];
  readonly #scraped: ScrapeReader;
  #sdk: Sdk | undefined;
  #readers: readonly PeriodicReader[] = [];
  #timer: unknown;
  #isClosed = false;

  constructor(parts: MetricPipelineParts) {
    this.#parts = parts;
    this.#own = { ...parts, startedAt: toHrTime(parts.clock.epochMs()) };
    this.#exporters = parts.config.exporters.filter((name) => name !== 'none');
    this.#scraped = new ScrapeReader(this.#own);
    if (parts.config.readers.length > 0) this.#usable();
    else if (this.#exporters.length > 0) {
      this.#timer = runQuietly(() => parts.timers.set(() => void this.flush(), parts.config.intervalMs));
    }
  }

  getMeter(name: string, version?: string, options?: MeterOptions): Meter {
    return this.#usable()?.getMeter(name, version, options) ?? createNoopMeter();
  }

  /** Everything up to now, for a scrape: cumulative, whatever the exporters are told. Needs no SDK as long as nobody else does. */
  collect(): Promise<CollectionResult> {
    return this.#scraped.scrape();
  }

  /** Collects and exports once; never rejects. */
  async flush(): Promise<void> {
    if (this.#isUsed) await this.#usable()?.forceFlush();
  }

  /** Exports for the last time, for at most `boundMs`; never rejects. */
  async shutdown(boundMs: number): Promise<void> {
    this.#parts.timers.clear(this.#timer);
    const sdk = this.#isUsed ? this.#usable() : undefined;
    this.#isClosed = true;
    if (sdk === undefined) return;
    await settledWithin(boundMs, sdk.shutdown());
    await Promise.all(this.#readers.map((reader) => reader.close()));
  }

  /** False while nobody has asked for anything that the SDK would do. */
  get #isUsed(): boolean {
    return this.#sdk !== undefined || this.#exporters.length > 0;
  }

  #usable(): Sdk | undefined {
    if (this.#isClosed) return undefined;
    try {
      this.#sdk ??= this.#load();
      return this.#sdk;
    } catch (error) {
      this.#parts.onFault('metrics.sdk', error);
      return undefined;
    }
  }

  #load(): Sdk {
    const { config, createExporter, dropped, outageOf, resource, timers } = this.#parts;
    timers.clear(this.#timer);
    const sdk = require('@opentelemetry/sdk-metrics') as typeof import('@opentelemetry/sdk-metrics');
    this.#readers = this.#exporters.map(
      (name) =>
        new PeriodicReader({
          createExporter: () => createExporter(name),
          intervalMs: config.intervalMs,
          exportTimeoutMs: config.exportTimeoutMs,
          temporality: config.temporality,
          dropped,
          outage: outageOf(name),
          timers,
        }),
    );
    const readers = [...this.#readers, ...config.readers].map((reader) => this.#contained(reader));
    if (this.#parts.isScraped) readers.push(this.#scraped);
    return new sdk.MeterProvider({ resource: resource(), readers });
  }

  /** The reader as the SDK sees it: handing our own series to it beside the SDK's, and keeping its faults to itself. */
  #contained(reader: IMetricReader): IMetricReader {
    const { onFault } = this.#parts;
    const fault = (error: unknown) => onFault('metrics.readers', error);
    const settled = async (fn: () => Promise<void>) => {
      try {
        await fn();
      } catch (error) {
        fault(error);
      }
    };
    const temporality =
      reader.selectAggregationTemporality(HISTOGRAM_TYPE) === DELTA ? 'delta' : 'cumulative';
    const own = createOwnMetrics(this.#own, temporality);
    const scraped = this.#scraped;
    const watched = (producer: MetricProducer): MetricProducer => ({
      collect(options) {
        scraped.othersCollected();
        return producer.collect(options);
      },
    });
    return {
      setMetricProducer(producer) {
        // Throws for a reader that has been given to another provider before.
        try {
          reader.setMetricProducer(watched(bothProducers(producer, own)));
        } catch (error) {
          fault(error);
        }
      },
      selectAggregation: (type) => reader.selectAggregation(type),
      selectAggregationTemporality: (type) => reader.selectAggregationTemporality(type),
      selectCardinalityLimit: (type) => reader.selectCardinalityLimit(type),
      collect: (options) => reader.collect(options),
      forceFlush: (options) => settled(() => reader.forceFlush(options)),
      shutdown: (options) => settled(() => reader.shutdown(options)),
    };
  }
}
