import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { createOtlpSpanExporter, type Exporter, type OtlpParts } from './otlp-exporter.js';

/** Makes the exporters that OTEL_TRACES_EXPORTER names. The packages are loaded here, at the first export, and not before. */
export async function createSpanExporters(
  names: readonly string[],
  otlp: OtlpParts,
): Promise<Exporter<ReadableSpan[]>[]> {
  const exporters: Exporter<ReadableSpan[]>[] = [];
  if (names.includes('otlp')) exporters.push(await createOtlpSpanExporter(otlp));
  if (names.includes('console')) {
    const { ConsoleSpanExporter } =
      require('@opentelemetry/sdk-trace-base') as typeof import('@opentelemetry/sdk-trace-base');
    exporters.push(new ConsoleSpanExporter());
  }
  return exporters;
}
