import {
  type Context,
  isSpanContextValid,
  type Span,
  type SpanContext,
  type SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { contextWithSpan } from '../context/request-context.js';
import { FLAG_RANDOM, FLAG_SAMPLED } from '../context/traceparent.js';
import { TRACE_RANDOMNESS_KEY } from '../context/w3c-propagator.js';
import { createSpanContext, W3CSpanContext } from '../context/w3c-span-context.js';
import type { IdGenerator } from '../core/ids.js';
import { Candidate, type Keeper } from './keeper.js';
import { LiveSpan, type SpanOrigin } from './live-span.js';
import type { Sampler } from './sampler.js';
import { type AttributeSink, type AttributeSource, allAttributes } from './shared-attributes.js';

/** Something that this service does under the span of a caller, and gets a span of its own. */
export interface TracedCall extends AttributeSource {
  readonly spanKind: SpanKind;
  readonly spanName: string;
  readonly startMs: number;
  /** Once its span has ended; both by the monotonic clock. */
  endMs: number;
  /** The context that it was made in. */
  readonly context: Context;
  /** That context with its span, where processors of the user's were shown it. */
  inner: Context;
  /** Of the span that it is a child of; undefined for the first of a trace. */
  parent: SpanContext | undefined;
  /** Of its span, sampled or not; undefined where spans are not made, or not by this library. */
  spanContext: SpanContext | undefined;
  /** Where its trace is not sampled: what its span may be kept with. */
  candidate: Candidate | undefined;
  /** Undefined where the call is not sampled, and until the span is needed. */
  span: Span | undefined;
  readonly errorType: string | undefined;
  /** True where an SDK of the application's own has a span for it already. */
  readonly isTracedElsewhere?: boolean;
  /** Tells what is in {@link AttributeSource.ownAttributes}. */
  describeOwn(to: AttributeSink): void;
}

/** Gives a call its span, and ends it. */
export interface CallTracing {
  begin(call: TracedCall): void;
  /** The span of a call that has begun; undefined where it has none. */
  spanOf(call: TracedCall): Span | undefined;
  end(call: TracedCall, endMs: number): void;
}

export interface CallTracingParts {
  readonly origin: SpanOrigin;
  readonly ids: IdGenerator;
  readonly sampler: Sampler;
  /** Undefined where no span is kept that is not sampled. */
  readonly keeper: Keeper | undefined;
  readonly started: ((span: LiveSpan, context: Context) => void) | undefined;
  /** Takes the call itself in place of a span that was never needed; undefined where spans are wanted. Must not throw. */
  readonly ended: ((call: TracedCall) => void) | undefined;
}

/**
 * The spans of calls. Outside of any span a call begins a trace. Only a span processor of the user sees the span of a call under way:
 * without one the span is made at the end, and only if it is needed for more than the export.
 */
export function createCallTracing(parts: CallTracingParts): CallTracing {
  const { origin, ids, sampler, keeper, started, ended } = parts;
  const spanOf = (call: TracedCall): LiveSpan | undefined => {
    const { spanContext, candidate } = call;
    if (call.span !== undefined || spanContext === undefined) return call.span as LiveSpan | undefined;
    if (candidate === undefined && !isSampled(spanContext)) return undefined;
    const { spanKind, spanName, parent, startMs } = call;
    const span = new LiveSpan(origin, spanKind, spanName, spanContext, parent, startMs, call);
    call.span = span;
    span.candidate = candidate;
    if (candidate !== undefined) candidate.root ??= span;
    return span;
  };
  /** Whether a span may be kept: that of a call which is a local root itself need not be made to know it. */
  const isWanted = (call: TracedCall, { root, isKept }: Candidate) =>
    call.span !== undefined ||
    (isKept ?? root !== undefined) ||
    keeper?.matters(call.endMs - call.startMs, call.errorType !== undefined) === true;
  return {
    begin(call) {
      const parent = parentIn(call.context);
      call.parent = parent;
      const traceId = parent === undefined ? ids.traceId() : parent.traceId;
      const random = parent === undefined ? FLAG_RANDOM : randomBit(call.context, parent);
      const spanId = ids.spanId();
      if (sampler(parent, traceId))
        call.spanContext = createSpanContext(parent, traceId, spanId, random | FLAG_SAMPLED);
      else if (keeper === undefined) call.spanContext = createSpanContext(parent, traceId, spanId, random);
      else {
        const candidate = keeper.candidateIn(call.context) ?? new Candidate(call.startMs);
        const state = keeper.stateFor(candidate, parent?.traceState);
        call.candidate = candidate;
        call.spanContext = createSpanContext(parent, traceId, spanId, random, state);
      }
      if (started === undefined) return;
      const span = spanOf(call);
      if (span === undefined) return;
      call.inner = contextWithSpan(call.context, span);
      started(span, call.inner);
    },
    spanOf,
    end(call, endMs) {
      call.endMs = endMs;
      if (call.candidate !== undefined) {
        if (!isWanted(call, call.candidate)) return;
      } else if (ended !== undefined && call.span === undefined) {
        if (call.spanContext !== undefined && isSampled(call.spanContext)) ended(call);
        return;
      }
      const span = spanOf(call);
      if (span === undefined) return;
      if (call.errorType !== undefined && span.status.code === SpanStatusCode.UNSET)
        span.status = { code: SpanStatusCode.ERROR };
      span.endAt(endMs);
    },
  };
}

function parentIn(context: Context): SpanContext | undefined {
  const active = trace.getSpanContext(context);
  return active !== undefined && isValid(active) ? active : undefined;
}

function isSampled({ traceFlags }: SpanContext): boolean {
  return (traceFlags & FLAG_SAMPLED) !== 0;
}

function isValid(context: SpanContext): boolean {
  return context instanceof W3CSpanContext || isSpanContextValid(context);
}

// The SDK's own spans have lost the bit; the context of the request remembers it.
function randomBit(context: Context, parent: SpanContext): number {
  const known = context.getValue(TRACE_RANDOMNESS_KEY) as { traceId: string; random: boolean } | undefined;
  if (known?.traceId === parent.traceId) return known.random ? FLAG_RANDOM : 0;
  return parent.traceFlags & FLAG_RANDOM;
}

/** Spans through the SDK that the application has registered itself. */
export function createForeignCallTracing(tracer: Tracer): CallTracing {
  return {
    begin(call) {
      if (call.isTracedElsewhere === true) return;
      const { spanKind: kind, spanName, context } = call;
      call.span = tracer.startSpan(spanName, { kind, attributes: allAttributes(call) }, context);
      call.inner = trace.setSpan(context, call.span);
    },
    spanOf: (call) => call.span,
    end(call) {
      if (call.span === undefined) return;
      call.span.setAttributes(allAttributes(call));
      if (call.errorType !== undefined) call.span.setStatus({ code: SpanStatusCode.ERROR });
      call.span.end();
    },
  };
}

/** No spans: the context that the call was made in stays what it is. */
export const noCallTracing: CallTracing = { begin() {}, spanOf: () => undefined, end() {} };
