import type { Meter, MeterOptions, MeterProvider } from '@opentelemetry/api';
import type { CollectionResult, IMetricReader, MetricProducer } from '@opentelemetry/sdk-metrics';
import type { MetricConfig } from '../metrics/options.js';
import { createLazyMetricExporter } from './lazy-metric-exporter.js';
import type { Outage } from './outage.js';
import { createOwnMetrics, type OwnMetricsParts } from './own-metrics.js';

export interface MetricPipelineParts extends OwnMetricsParts {
  readonly config: MetricConfig;
  readonly protocol: string;
  readonly outage: Outage;
}

interface Sdk {
  readonly provider: MeterProvider & { forceFlush(): Promise<void>; shutdown(): Promise<void> };
}

const HISTOGRAM_TYPE = 'HISTOGRAM' as Parameters<IMetricReader['selectAggregationTemporality']>[0];
const DELTA = 0;

/**
 * Takes the metrics out: the series that this library keeps and those that a user makes with the API leave through the same readers.
 * The SDK is loaded when a user asks for a meter, when he brings readers, or at the first export; never for starting up.
 */
export class MetricPipeline implements MeterProvider {
  readonly #parts: MetricPipelineParts;
  #sdk: Sdk | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: MetricPipelineParts) {
    this.#parts = parts;
    if (parts.config.readers.length > 0) this.#load();
    else if (hasExporters(parts.config)) {
      this.#timer = setTimeout(() => void this.flush(), parts.config.intervalMs);
      this.#timer.unref();
    }
  }

  getMeter(name: string, version?: string, options?: MeterOptions): Meter {
    return this.#load().provider.getMeter(name, version, options);
  }

  /** Collects and exports once; never rejects. */
  async flush(): Promise<void> {
    if (this.#sdk === undefined && !hasExporters(this.#parts.config)) return;
    await this.#load()
      .provider.forceFlush()
      .catch(() => {});
  }

  async shutdown(): Promise<void> {
    clearTimeout(this.#timer);
    await this.flush();
    await this.#sdk?.provider.shutdown().catch(() => {});
  }

  #load(): Sdk {
    if (this.#sdk !== undefined) return this.#sdk;
    clearTimeout(this.#timer);
    const { config, protocol, outage } = this.#parts;
    const sdk = require('@opentelemetry/sdk-metrics') as typeof import('@opentelemetry/sdk-metrics');
    const own = config.exporters
      .filter((name) => name !== 'none')
      .map(
        (name) =>
          new sdk.PeriodicExportingMetricReader({
            exporter: createLazyMetricExporter(name, protocol, config.temporality, outage),
            exportIntervalMillis: config.intervalMs,
            exportTimeoutMillis: config.exportTimeoutMs,
          }),
      );
    const readers = [...own, ...config.readers].map((reader) => this.#withOwnMetrics(reader));
    this.#sdk = { provider: new sdk.MeterProvider({ resource: this.#parts.resource(), readers }) };
    return this.#sdk;
  }

  /** The reader as the SDK sees it, handing our own series to it beside the SDK's. */
  #withOwnMetrics(reader: IMetricReader): IMetricReader {
    const temporality =
      reader.selectAggregationTemporality(HISTOGRAM_TYPE) === DELTA ? 'delta' : 'cumulative';
    const own = createOwnMetrics(this.#parts, temporality);
    return {
      setMetricProducer: (producer) => reader.setMetricProducer(both(producer, own)),
      selectAggregation: (type) => reader.selectAggregation(type),
      selectAggregationTemporality: (type) => reader.selectAggregationTemporality(type),
      selectCardinalityLimit: (type) => reader.selectCardinalityLimit(type),
      collect: (options) => reader.collect(options),
      shutdown: (options) => reader.shutdown(options),
      forceFlush: (options) => reader.forceFlush(options),
    };
  }
}

function hasExporters(config: MetricConfig): boolean {
  return config.exporters.some((name) => name !== 'none');
}

function both(sdk: MetricProducer, own: MetricProducer): MetricProducer {
  return {
    async collect(options): Promise<CollectionResult> {
      const [theirs, ours] = await Promise.all([sdk.collect(options), own.collect(options)]);
      return {
        resourceMetrics: {
          resource: theirs.resourceMetrics.resource,
          scopeMetrics: [...theirs.resourceMetrics.scopeMetrics, ...ours.resourceMetrics.scopeMetrics],
        },
        errors: [...theirs.errors, ...ours.errors],
      };
    },
  };
}
