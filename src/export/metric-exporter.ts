import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { createOtlpMetricExporter, type Exporter, type OtlpParts } from './otlp-exporter.js';

/** Makes one exporter that OTEL_METRICS_EXPORTER names. The packages are loaded here, at the first export, and not before. */
export async function createMetricExporter(
  name: string,
  otlp: OtlpParts,
): Promise<Exporter<ResourceMetrics>> {
  if (name !== 'console') return createOtlpMetricExporter(otlp);
  const { ConsoleMetricExporter } =
    require('@opentelemetry/sdk-metrics') as typeof import('@opentelemetry/sdk-metrics');
  return new ConsoleMetricExporter();
}
