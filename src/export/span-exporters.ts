import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { ListBatch } from './batch.js';
import { BatchQueue, type BatchQueueParts } from './batch-queue.js';
import {
  createOtlpSpanExporter,
  createSpanRequestExporter,
  type Exporter,
  type OtlpParts,
} from './otlp-exporter.js';
import { createSpanBatches } from './otlp-spans.js';

/** Where ended spans go. */
export interface SpanQueue {
  add(span: ReadableSpan): void;
  /** Never rejects. */
  flush(): Promise<void>;
  /** Drops and counts what is still waiting. */
  close(): Promise<void>;
}

/** The queue to the exporters that OTEL_TRACES_EXPORTER names; undefined where it names none. */
export function createSpanQueue(
  names: readonly string[],
  otlp: OtlpParts,
  parts: Omit<BatchQueueParts<never, never>, 'createBatch' | 'createExporters'>,
): SpanQueue | undefined {
  if (names.every((name) => name === 'none')) return undefined;
  const isOtlpAlone = names.every((name) => name === 'otlp');
  if (isOtlpAlone && otlp.config.protocol === 'http/protobuf') {
    return new BatchQueue({
      ...parts,
      createBatch: createSpanBatches(),
      createExporters: async () => [createSpanRequestExporter(otlp)],
    });
  }
  return new BatchQueue({
    ...parts,
    createBatch: (maxSize) => new ListBatch<ReadableSpan>(maxSize),
    createExporters: () => createSpanExporters(names, otlp),
  });
}

/** Makes the exporters that take spans as they are. The packages are loaded here, at the first export, and not before. */
async function createSpanExporters(
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
