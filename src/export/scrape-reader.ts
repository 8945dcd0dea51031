import type {
  AggregationOption,
  AggregationTemporality,
  CollectionResult,
  IMetricReader,
  MetricProducer,
} from '@opentelemetry/sdk-metrics';
import { createOwnMetrics, type OwnMetricsParts } from './own-metrics.js';
import { bothProducers } from './producers.js';

const CUMULATIVE: AggregationTemporality = 1;
const DEFAULT_AGGREGATION = { type: 0 } as AggregationOption;
const cardinalityLimit = 2_000;

/** A user's asynchronous instrument that takes longer is left out: Prometheus waits for 10 s. */
const callbackTimeoutMs = 2_000;
/** Exemplars stay for this long: scrapers may be many, and none is to take them from another. */
const exemplarAgeMs = 5 * 60_000;
const unscrapedLimit = 10;

/** Collects when it is asked to: our own series, and those of the SDK once it is there. */
export class ScrapeReader implements IMetricReader {
  readonly #own: MetricProducer;
  #all: MetricProducer | undefined;
  /** How often others have collected since this one has. */
  #unscraped = 0;

  constructor(own: OwnMetricsParts) {
    this.#own = createOwnMetrics(own, 'cumulative', exemplarAgeMs);
  }

  setMetricProducer(sdk: MetricProducer): void {
    this.#all = bothProducers(sdk, this.#own);
  }

  selectAggregation(): AggregationOption {
    return DEFAULT_AGGREGATION;
  }

  selectAggregationTemporality(): AggregationTemporality {
    return CUMULATIVE;
  }

  selectCardinalityLimit(): number {
    return cardinalityLimit;
  }

  collect(): Promise<CollectionResult> {
    return this.scrape();
  }

  scrape(): Promise<CollectionResult> {
    this.#unscraped = 0;
    return (this.#all ?? this.#own).collect({ timeoutMillis: callbackTimeoutMs });
  }

  /**
   * With each collection of another reader the SDK keeps what this one has not read yet, without bound. Without scrapes, that is read from
   * time to time and dropped.
   */
  othersCollected(): void {
    this.#unscraped += 1;
    if (this.#all !== undefined && this.#unscraped >= unscrapedLimit) void this.scrape().catch(() => {});
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {
    // Our own series can still be read; the SDK has ended.
    this.#all = undefined;
  }
}
