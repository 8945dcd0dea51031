import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { loadInSteps } from './load.js';

/** Makes one exporter that OTEL_METRICS_EXPORTER names. The packages are loaded here, at the first export, and not before. */
export async function createMetricExporter(name: string, protocol: string): Promise<PushMetricExporter> {
  if (name === 'console') {
    const { ConsoleMetricExporter } =
      require('@opentelemetry/sdk-metrics') as typeof import('@opentelemetry/sdk-metrics');
    return new ConsoleMetricExporter();
  }
  await loadInSteps([
    () => require('@opentelemetry/core'),
    () => require('@opentelemetry/otlp-exporter-base'),
    () => require('@opentelemetry/otlp-transformer'),
  ]);
  return otlp(protocol);
}

// Endpoint, headers, time-out and compression are the exporter's to read: it knows all of OTEL_EXPORTER_OTLP_*.
function otlp(protocol: string): PushMetricExporter {
  if (protocol === 'http/json') {
    const json =
      require('@opentelemetry/exporter-metrics-otlp-http') as typeof import('@opentelemetry/exporter-metrics-otlp-http');
    return new json.OTLPMetricExporter();
  }
  const proto =
    require('@opentelemetry/exporter-metrics-otlp-proto') as typeof import('@opentelemetry/exporter-metrics-otlp-proto');
  return new proto.OTLPMetricExporter();
}
