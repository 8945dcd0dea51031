import type { CollectionResult, MetricProducer } from '@opentelemetry/sdk-metrics';

/** What the SDK has collected and what we have, as one producer. */
export function bothProducers(sdk: MetricProducer, own: MetricProducer): MetricProducer {
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
