import { createNoopMeter, type Meter, type MeterOptions, type MeterProvider } from '@opentelemetry/api';
import type {
  AggregationOption,
  CollectionResult,
  IMetricReader,
  MetricProducer,
  ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { isOfficialHttp, yieldingMeter } from '../context/official-http.js';
import { toHrTime } from '../core/time.js';
import { atMost, holdingTimers, type Timers } from '../core/timers.js';
import type { Dropped } from '../metrics/dropped.js';
import type { MetricReader } from '../metrics/metric-reader.js';
import type { MetricConfig } from '../metrics/options.js';
import type { ExportPace } from './export-pace.js';
import type { Exporter } from './otlp-exporter.js';
import type { Outage } from './outage.js';
import { createOwnMetrics, type OwnMetricsParts } from './own-metrics.js';
import { PeriodicReader } from './periodic-reader.js';
import { bothProducers } from './producers.js';
import { ScrapeReader } from './scrape-reader.js';
import { sdk } from './sdk.js';

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
  /** How often what an exporter sends to would like to be sent to. */
  readonly paceOf?: (exporter: string) => ExportPace | undefined;
}

type Sdk = MeterProvider & { forceFlush(): Promise<void>; shutdown(): Promise<void> };

const HISTOGRAM_TYPE = 'HISTOGRAM' as Parameters<IMetricReader['selectAggregationTemporality']>[0];
const DELTA = 0;
const defaultCardinalityLimit = 2_000;

/**
 * Exports the metrics: the series of this library and those that a user makes with the API go through the same readers. The SDK is loaded
 * when a user asks for a meter or configures readers; our own series are exported without it.
 */
export class MetricPipeline implements MeterProvider {
  readonly #parts: MetricPipelineParts;
  readonly #own: OwnMetricsParts;
  readonly #scraped: ScrapeReader;
  /** Those of the exporters, and what each is handed of ours. */
  readonly #readers: ReadonlyMap<PeriodicReader, MetricProducer>;
  #sdk: Sdk | undefined;
  #isClosed = false;

  constructor(parts: MetricPipelineParts) {
    this.#parts = parts;
    this.#own = { ...parts, startedAt: toHrTime(parts.clock.epochMs()) };
    this.#scraped = new ScrapeReader(this.#own);
    const names = parts.config.exporters.filter((name) => name !== 'none');
    this.#readers = new Map(
      names.map((name) => {
        const reader = this.#readerOf(name);
        return [reader, this.#ownFor(reader)];
      }),
    );
    if (parts.config.readers.length > 0 && this.#usable() !== undefined) return;
    for (const [reader, own] of this.#readers) reader.setMetricProducer(own);
  }

  getMeter(name: string, version?: string, options?: MeterOptions): Meter {
    const meter = this.#usable()?.getMeter(name, version, options) ?? createNoopMeter();
    return isOfficialHttp(name) ? yieldingMeter(meter) : meter;
  }

  /** Collects everything up to now, for a scrape: cumulative, whatever the exporters use. Loads no SDK by itself. */
  collect(): Promise<CollectionResult> {
    return this.#scraped.scrape();
  }

  /** Collects and exports once; never rejects. */
  async flush(): Promise<void> {
    if (this.#sdk !== undefined) await this.#sdk.forceFlush();
    else await Promise.all(this.#periodic.map((reader) => reader.forceFlush()));
  }

  /** Exports for the last time, for at most `boundMs`; never rejects. */
  async shutdown(boundMs: number): Promise<void> {
    this.#isClosed = true;
    const last = this.#sdk?.shutdown() ?? Promise.all(this.#periodic.map((reader) => reader.shutdown()));
    await atMost(holdingTimers, boundMs, last);
    await Promise.all(this.#periodic.map((reader) => reader.close()));
  }

  get #periodic(): PeriodicReader[] {
    return [...this.#readers.keys()];
  }

  #readerOf(name: string): PeriodicReader {
    const { config, createExporter, dropped, outageOf, paceOf, timers } = this.#parts;
    return new PeriodicReader({
      createExporter: () => createExporter(name),
      intervalMs: config.intervalMs,
      firstDelayMs: config.firstDelayMs,
      exportTimeoutMs: config.exportTimeoutMs,
      temporality: config.temporality,
      dropped,
      outage: outageOf(name),
      timers,
      pace: paceOf?.(name),
    });
  }

  #ownFor(reader: MetricReader): MetricProducer {
    const isDelta = reader.selectAggregationTemporality(HISTOGRAM_TYPE) === DELTA;
    return createOwnMetrics(this.#own, isDelta ? 'delta' : 'cumulative');
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
    const { config, resource } = this.#parts;
    const { MeterProvider } = sdk();
    const readers = [
      ...[...this.#readers].map(([reader, own]) => this.#contained(reader, own)),
      ...config.readers.map((reader) => this.#contained(reader, this.#ownFor(reader))),
    ];
    if (this.#parts.isScraped) readers.push(this.#scraped);
    return new MeterProvider({ resource: resource(), readers });
  }

  /** The reader as the SDK sees it: handing our own series to it beside the SDK's, and keeping its faults to itself. */
  #contained(reader: MetricReader, own: MetricProducer): IMetricReader {
    const { onFault } = this.#parts;
    const fault = (error: unknown) => onFault('metrics.readers', error);
    const settled = async (fn: () => Promise<void>) => {
      try {
        await fn();
      } catch (error) {
        fault(error);
      }
    };
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
      selectAggregation: (type) => reader.selectAggregation(type) as AggregationOption,
      selectAggregationTemporality: (type) => reader.selectAggregationTemporality(type),
      // The first readers of version 2 have none.
      selectCardinalityLimit: (type) => reader.selectCardinalityLimit?.(type) ?? defaultCardinalityLimit,
      collect: (options) => reader.collect(options) as Promise<CollectionResult>,
      forceFlush: (options) => settled(() => reader.forceFlush(options)),
      shutdown: (options) => settled(() => reader.shutdown(options)),
    };
  }
}
