import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { TracedCall } from '../trace/call-tracing.js';
import type { SpanOrigin } from '../trace/live-span.js';
import { ListBatch } from './batch.js';
import { BatchQueue, type BatchQueueParts } from './batch-queue.js';
import {
  createOtlpSpanExporter,
  createSpanRequestExporter,
  type Exporter,
  type OtlpParts,
} from './otlp-exporter.js';
import { createSpanBatches, type SpanRequest } from './otlp-spans.js';
import { sdk } from './sdk.js';

/** Where ended spans go. */
export interface SpanQueue {
  add(span: ReadableSpan): void;
  /** Takes a call whose span was never needed; undefined where the exporters want spans. */
  readonly addCall: ((call: TracedCall) => void) | undefined;
  /** Never rejects. */
  flush(): Promise<void>;
  /** Drops and counts what is still waiting. */
  close(): Promise<void>;
}

/** The queue to the exporters that OTEL_TRACES_EXPORTER names; undefined where it names none. */
export function createSpanQueue(
  names: readonly string[],
  otlp: OtlpParts,
  ownSpans: Omit<SpanOrigin, 'ended'>,
  parts: Omit<BatchQueueParts<never, never>, 'createBatch' | 'createExporters'>,
): SpanQueue | undefined {
  if (names.every((name) => name === 'none')) return undefined;
  const isOtlpAlone = names.every((name) => name === 'otlp');
  if (isOtlpAlone && otlp.config.protocol === 'http/protobuf') {
    const queue = new BatchQueue<ReadableSpan | TracedCall, SpanRequest>({
      ...parts,
      createBatch: createSpanBatches(ownSpans),
      createExporters: async () => [createSpanRequestExporter(otlp)],
    });
    return spanQueue(queue, (call) => queue.add(call));
  }
  return spanQueue(
    new BatchQueue<ReadableSpan>({
      ...parts,
      createBatch: (maxSize) => new ListBatch(maxSize),
      createExporters: () => createSpanExporters(names, otlp),
    }),
    undefined,
  );
}

function spanQueue(queue: Omit<SpanQueue, 'addCall'>, addCall: SpanQueue['addCall']): SpanQueue {
  return {
    add: (span) => queue.add(span),
    addCall,
    flush: () => queue.flush(),
    close: () => queue.close(),
  };
}

/** Makes the exporters that take spans as they are. The SDK is loaded here, at the first export. */
async function createSpanExporters(
  names: readonly string[],
  otlp: OtlpParts,
): Promise<Exporter<ReadableSpan[]>[]> {
  const exporters: Exporter<ReadableSpan[]>[] = [];
  if (names.includes('otlp')) exporters.push(createOtlpSpanExporter(otlp));
  if (names.includes('console')) {
    const { ConsoleSpanExporter } = sdk();
    exporters.push(new ConsoleSpanExporter());
  }
  return exporters;
}
