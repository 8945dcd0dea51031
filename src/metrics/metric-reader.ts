/** What a metric reader collects from. */
export interface MetricSource {
  collect(options?: { readonly timeoutMillis?: number }): Promise<unknown>;
}

/** A metric reader of the OpenTelemetry SDK, of version 2 or 3, or one that has its methods. */
export interface MetricReader {
  setMetricProducer(producer: MetricSource): void;
  selectAggregation(instrumentType: string): unknown;
  selectAggregationTemporality(instrumentType: string): number;
  selectCardinalityLimit?(instrumentType: string): number;
  collect(options?: { readonly timeoutMillis?: number }): Promise<unknown>;
  forceFlush(options?: { readonly timeoutMillis?: number }): Promise<void>;
  shutdown(options?: { readonly timeoutMillis?: number }): Promise<void>;
}
