import type { Context, Span, SpanOptions, Tracer, TracerOptions, TracerProvider } from '@opentelemetry/api';
import { trace } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type {
  ReadableSpan,
  Sampler as SdkSampler,
  Span as SdkSpan,
  SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import type { IdGenerator } from '../core/ids.js';
import type { LiveSpan } from '../trace/live-span.js';
import type { Sampler } from '../trace/sampler.js';
import type { SpanQueue } from './span-queue.js';

export interface TracePipelineParts {
  readonly queue: SpanQueue;
  readonly processors: readonly SpanProcessor[];
  readonly sampler: Sampler;
  readonly ids: IdGenerator;
  readonly resource: () => Resource;
  readonly onFault: (place: string, error: unknown) => void;
}

const NOT_RECORD = 0;
const RECORD_AND_SAMPLED = 2;
const SAMPLED = 1;

/**
 * Takes spans out: those of our own seams and those that a user begins with the API leave through the same queue and processors.
 * The tracing SDK is loaded when a user begins his first span, and not before.
 */
export class TracePipeline implements TracerProvider {
  readonly #parts: TracePipelineParts;
  #sdk: TracerProvider | undefined;

  constructor(parts: TracePipelineParts) {
    this.#parts = parts;
  }

  /** Undefined where the user has no processors, so that a request does not even ask. */
  get started(): ((span: LiveSpan, context: Context) => void) | undefined {
    const { processors } = this.#parts;
    if (processors.length === 0) return undefined;
    return (span, context) => {
      for (const processor of processors) {
        // Our span has what processors use of the SDK's: the API's Span and ReadableSpan.
        this.#guarded(() => processor.onStart(span as unknown as SdkSpan, context));
      }
    };
  }

  ended(span: LiveSpan): void {
    const { queue, processors } = this.#parts;
    queue.add(span);
    for (const processor of processors) this.#guarded(() => processor.onEnd(span));
  }

  getTracer(name: string, version?: string, options?: TracerOptions): Tracer {
    let tracer: Tracer | undefined;
    const real = () => {
      tracer ??= this.#load().getTracer(name, version, options);
      return tracer;
    };
    return {
      startSpan: (spanName: string, spanOptions?: SpanOptions, context?: Context): Span =>
        real().startSpan(spanName, spanOptions, context),
      startActiveSpan: ((...args: Parameters<Tracer['startActiveSpan']>) =>
        real().startActiveSpan(...args)) as Tracer['startActiveSpan'],
    };
  }

  async flush(): Promise<void> {
    await Promise.all([
      this.#parts.queue.flush(),
      ...this.#parts.processors.map((processor) =>
        processor.forceFlush().catch((error) => this.#fault(error)),
      ),
    ]);
  }

  async shutdown(): Promise<void> {
    await Promise.all([
      this.#parts.queue.shutdown(),
      ...this.#parts.processors.map((processor) => processor.shutdown().catch((error) => this.#fault(error))),
    ]);
  }

  #load(): TracerProvider {
    if (this.#sdk === undefined) {
      const { sampler, ids, queue, processors, resource } = this.#parts;
      const sdk = require('@opentelemetry/sdk-trace-base') as typeof import('@opentelemetry/sdk-trace-base');
      const out: SpanProcessor = {
        onStart() {},
        onEnd(span: ReadableSpan) {
          if ((span.spanContext().traceFlags & SAMPLED) !== 0) queue.add(span);
        },
        forceFlush: async () => {},
        shutdown: async () => {},
      };
      this.#sdk = new sdk.BasicTracerProvider({
        resource: resource(),
        sampler: sdkSampler(sampler),
        idGenerator: { generateTraceId: ids.traceId, generateSpanId: ids.spanId },
        spanProcessors: [out, ...processors],
      });
    }
    return this.#sdk;
  }

  #guarded(fn: () => void): void {
    try {
      fn();
    } catch (error) {
      this.#fault(error);
    }
  }

  #fault(error: unknown): void {
    this.#parts.onFault('traces.processors', error);
  }
}

function sdkSampler(isSampled: Sampler): SdkSampler {
  return {
    shouldSample(context, traceId) {
      const parent = trace.getSpanContext(context);
      const decision = isSampled(parent, traceId) ? RECORD_AND_SAMPLED : NOT_RECORD;
      return parent?.traceState === undefined ? { decision } : { decision, traceState: parent.traceState };
    },
    toString: () => 'golden-signals',
  };
}
