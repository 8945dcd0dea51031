import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { createOtlpMetricExporter, type Exporter, type OtlpParts } from './otlp-exporter.js';
import { sdk } from './sdk.js';

/** Makes one exporter that OTEL_METRICS_EXPORTER names. The SDK is loaded here, at the first export, where it is needed. */
export async function createMetricExporter(
  name: string,
  otlp: OtlpParts,
): Promise<Exporter<ResourceMetrics>> {
  if (name !== 'console') return createOtlpMetricExporter(otlp);
  const { ConsoleMetricExporter } = sdk();
  return new ConsoleMetricExporter();
}
