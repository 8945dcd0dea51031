import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import { loadInSteps } from './load.js';

/** Makes the exporters that OTEL_TRACES_EXPORTER names. The packages are loaded here, at the first export, and not before. */
export async function createSpanExporters(
  names: readonly string[],
  protocol: string,
): Promise<SpanExporter[]> {
  const exporters: SpanExporter[] = [];
  await loadInSteps([
    () => require('@opentelemetry/core'),
    () => require('@opentelemetry/resources'),
    () => require('@opentelemetry/otlp-exporter-base'),
    () => require('@opentelemetry/otlp-transformer'),
  ]);
  if (names.includes('otlp')) exporters.push(otlp(protocol));
  if (names.includes('console')) {
    const { ConsoleSpanExporter } =
      require('@opentelemetry/sdk-trace-base') as typeof import('@opentelemetry/sdk-trace-base');
    exporters.push(new ConsoleSpanExporter());
  }
  return exporters;
}

// Endpoint, headers, time-out and compression are the exporter's to read: it knows all of OTEL_EXPORTER_OTLP_*.
function otlp(protocol: string): SpanExporter {
  if (protocol === 'http/json') {
    const json =
      require('@opentelemetry/exporter-trace-otlp-http') as typeof import('@opentelemetry/exporter-trace-otlp-http');
    return new json.OTLPTraceExporter();
  }
  const proto =
    require('@opentelemetry/exporter-trace-otlp-proto') as typeof import('@opentelemetry/exporter-trace-otlp-proto');
  return new proto.OTLPTraceExporter();
}
