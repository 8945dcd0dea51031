import type {
  Context,
  Span,
  SpanContext,
  SpanOptions,
  Tracer,
  TracerOptions,
  TracerProvider,
} from '@opentelemetry/api';
import { isSpanContextValid, trace } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type {
  ReadableSpan,
  SpanLimits as SdkLimits,
  SpanProcessor as SdkProcessor,
  Sampler as SdkSampler,
  Span as SdkSpan,
} from '@opentelemetry/sdk-trace';
import { isOfficialHttp, yieldingTracer } from '../context/official-http.js';
import { FLAG_RANDOM, FLAG_SAMPLED } from '../context/traceparent.js';
import type { Clock } from '../core/clock.js';
import type { IdGenerator } from '../core/ids.js';
import { atMost, holdingTimers } from '../core/timers.js';
import type { Dropped } from '../metrics/dropped.js';
import type { TracedCall } from '../trace/call-tracing.js';
import type { KeepConfig } from '../trace/keep-options.js';
import { Keeper } from '../trace/keeper.js';
import { LiveSpan } from '../trace/live-span.js';
import type { Sampler } from '../trace/sampler.js';
import type { SpanLimits } from '../trace/span-limits.js';
import type { SpanProcessor } from '../trace/span-processor.js';
import { containProcessor } from './contained-processor.js';
import { sdk } from './sdk.js';
import type { SpanQueue } from './span-exporters.js';

export interface TracePipelineParts {
  /** Undefined where no exporter is asked for. */
  readonly queue: SpanQueue | undefined;
  readonly processors: readonly SpanProcessor[];
  readonly limits?: SpanLimits | undefined;
  readonly sampler: Sampler;
  /** Which spans are exported that are not sampled; undefined for none. */
  readonly keep: KeepConfig | undefined;
  readonly clock: Clock;
  readonly dropped: Dropped;
  readonly ids: IdGenerator;
  readonly resource: () => Resource;
  readonly onFault: (place: string, error: unknown) => void;
}

const NOT_RECORD = 0;
const RECORD = 1;
const RECORD_AND_SAMPLED = 2;

/**
 * Exports spans: our own and those that a user begins with the API go through the same queue and processors. The tracing SDK is loaded
 * when a user begins the first span.
 */
export class TracePipeline implements TracerProvider {
  readonly #parts: TracePipelineParts;
  readonly #processors: readonly SdkProcessor[];
  /** Undefined where no span is kept that is not sampled. */
  readonly keeper: Keeper | undefined;
  #sdk: TracerProvider | undefined;

  constructor(parts: TracePipelineParts) {
    this.#parts = parts;
    this.#processors = parts.processors.map((processor) => containProcessor(processor, parts.onFault));
    const { keep, clock, dropped } = parts;
    if (keep === undefined) return;
    this.keeper = new Keeper({
      config: keep,
      clock,
      onLimit: (count) => dropped.add('keep_limit', count),
      candidateOf: (span) => (span instanceof LiveSpan ? span.candidate : undefined),
      keep: (span) => this.#out(span),
      discard: (span) => this.#process(span),
    });
  }

  /** Undefined where the user has no processors, so that a request does not even ask. */
  get started(): ((span: LiveSpan, context: Context) => void) | undefined {
    const processors = this.#processors;
    if (processors.length === 0) return undefined;
    return (span, context) => {
      // Our span has what processors use of the SDK's: the API's Span and ReadableSpan.
      for (const processor of processors) processor.onStart(span as unknown as SdkSpan, context);
    };
  }

  /** Undefined where a processor or exporter wants the spans themselves. */
  get endedCall(): ((call: TracedCall) => void) | undefined {
    const { queue, limits } = this.#parts;
    // What is written past a span is not counted.
    if (this.#processors.length > 0 || limits !== undefined) return undefined;
    return queue === undefined ? () => {} : queue.addCall;
  }

  ended(span: LiveSpan): void {
    if (span.candidate === undefined) this.#out(span);
    else this.keeper?.ended(span, span.candidate);
  }

  #out(span: ReadableSpan): void {
    // Some processors take out what is not to leave the process, and a span is written when the queue gets it.
    this.#process(span);
    this.#parts.queue?.add(span);
  }

  #process(span: ReadableSpan): void {
    for (const processor of this.#processors) processor.onEnd(span);
  }

  getTracer(name: string, version?: string, options?: TracerOptions): Tracer {
    let tracer: Tracer | undefined;
    const real = () => {
      tracer ??= this.#load().getTracer(name, version, options);
      return tracer;
    };
    const handed: Tracer = {
      startSpan: (spanName: string, spanOptions?: SpanOptions, context?: Context): Span =>
        real().startSpan(spanName, spanOptions, context),
      startActiveSpan: ((...args: Parameters<Tracer['startActiveSpan']>) =>
        real().startActiveSpan(...args)) as Tracer['startActiveSpan'],
    };
    return isOfficialHttp(name) ? yieldingTracer(name, handed) : handed;
  }

  /** Never rejects. */
  async flush(): Promise<void> {
    await Promise.all([
      this.#parts.queue?.flush(),
      ...this.#processors.map((processor) => processor.forceFlush()),
    ]);
  }

  /** Exports what is waiting, for at most `boundMs`; then drops and counts the rest. Never rejects. */
  async shutdown(boundMs: number): Promise<void> {
    const last = Promise.all([
      this.#parts.queue?.flush(),
      ...this.#processors.map((processor) => processor.shutdown()),
    ]);
    await atMost(holdingTimers, boundMs, last);
    await this.#parts.queue?.close();
  }

  #load(): TracerProvider {
    if (this.#sdk === undefined) {
      const { sampler, ids, resource, limits } = this.#parts;
      const { TracerProvider } = sdk();
      const nothing = { onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} };
      const { keeper } = this;
      const starting: SdkProcessor = {
        ...nothing,
        onStart(span, context) {
          markRandom(span, context);
          if (!isSampled(span)) keeper?.follow(span, context);
        },
      };
      const ending: SdkProcessor = {
        ...nothing,
        onEnd: (span: ReadableSpan) => {
          const candidate = keeper?.candidateOfFollowed(span);
          if (candidate !== undefined) keeper?.ended(span, candidate);
          else if (isSampled(span)) this.#out(span);
        },
      };
      this.#sdk = new TracerProvider({
        resource: resource(),
        sampler: sdkSampler(sampler, keeper),
        ...(limits === undefined ? {} : { spanLimits: sdkLimits(limits) }),
        idGenerator: { generateTraceId: ids.traceId, generateSpanId: ids.spanId },
        spanProcessors: [starting, ...this.#processors.map(untilTheEnd), ending],
      });
    }
    return this.#sdk;
  }
}

function sdkLimits({ attributes, events, links, eventAttributes, linkAttributes }: SpanLimits): SdkLimits {
  return {
    attributeCountLimit: attributes.count,
    attributeValueLengthLimit: attributes.chars,
    eventCountLimit: events,
    linkCountLimit: links,
    attributePerEventCountLimit: eventAttributes.count,
    attributePerLinkCountLimit: linkAttributes.count,
  };
}

/** The SDK's tracer makes flags of the sampling decision alone: the random bit of a trace would end with our own span. */
function markRandom(span: SdkSpan, context: Context): void {
  span.spanContext().traceFlags |= (parentIn(context)?.traceFlags ?? FLAG_RANDOM) & FLAG_RANDOM;
}

function isSampled(span: ReadableSpan): boolean {
  return (span.spanContext().traceFlags & FLAG_SAMPLED) !== 0;
}

/** A processor of the user's is shown the end of a span when it is known whether that is exported: not by the SDK. */
function untilTheEnd(processor: SdkProcessor): SdkProcessor {
  return {
    onStart: (span, context) => processor.onStart(span, context),
    onEnding: (span) => processor.onEnding?.(span),
    onEnd() {},
    forceFlush: () => processor.forceFlush(),
    shutdown: () => processor.shutdown(),
  };
}

function sdkSampler(isSampledBy: Sampler, keeper: Keeper | undefined): SdkSampler {
  return {
    shouldSample(context, traceId) {
      const parent = parentIn(context);
      const candidate = keeper?.candidateIn(context);
      const traceState =
        candidate === undefined ? parent?.traceState : keeper?.stateFor(candidate, parent?.traceState);
      const otherwise = keeper === undefined ? NOT_RECORD : RECORD;
      const decision = isSampledBy(parent, traceId) ? RECORD_AND_SAMPLED : otherwise;
      return traceState === undefined ? { decision } : { decision, traceState };
    },
    toString: () => 'golden-signals',
  };
}

/** In a request that is ignored the context holds a span of no trace: what begins there is a root. */
function parentIn(context: Context): SpanContext | undefined {
  const parent = trace.getSpanContext(context);
  return parent !== undefined && isSpanContextValid(parent) ? parent : undefined;
}
