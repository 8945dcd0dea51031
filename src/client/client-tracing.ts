import {
  type Context,
  isSpanContextValid,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { contextWithSpan } from '../context/request-context.js';
import { FLAG_RANDOM, FLAG_SAMPLED } from '../context/traceparent.js';
import { TRACE_RANDOMNESS_KEY } from '../context/w3c-propagator.js';
import type { IdGenerator } from '../core/ids.js';
import { LiveSpan, type SpanOrigin } from '../trace/live-span.js';
import type { Sampler } from '../trace/sampler.js';
import type { OutboundCall } from './outbound-call.js';

/** Gives a call its span, and ends it. */
export interface ClientTracing {
  begin(call: OutboundCall): void;
  end(call: OutboundCall, endMs: number): void;
}

export interface ClientTracingParts {
  readonly origin: SpanOrigin;
  readonly ids: IdGenerator;
  readonly sampler: Sampler;
  readonly started: ((span: LiveSpan, context: Context) => void) | undefined;
}

/** CLIENT spans of this library's own. Outside of any span a call begins a trace. */
export function createClientTracing({ origin, ids, sampler, started }: ClientTracingParts): ClientTracing {
  return {
    begin(call) {
      const active = trace.getSpanContext(call.context);
      const parent = active !== undefined && isSpanContextValid(active) ? active : undefined;
      const traceId = parent === undefined ? ids.traceId() : parent.traceId;
      const isSampled = sampler(parent, traceId);
      const random = parent === undefined ? FLAG_RANDOM : randomBit(call.context, parent);
      const own: SpanContext = {
        traceId,
        spanId: ids.spanId(),
        traceFlags: isSampled ? random | FLAG_SAMPLED : random,
      };
      if (parent?.traceState !== undefined) own.traceState = parent.traceState;
      if (!isSampled) {
        call.inner = contextWithSpan(call.context, trace.wrapSpanContext(own));
        return;
      }
      const span = new LiveSpan(
        origin,
        SpanKind.CLIENT,
        call.method.spanName,
        own,
        parent,
        call.startMs,
        call,
      );
      call.span = span;
      call.inner = contextWithSpan(call.context, span);
      started?.(span, call.inner);
    },
    end(call, endMs) {
      const span = call.span as LiveSpan | undefined;
      if (span === undefined) return;
      if (call.errorType !== undefined && span.status.code === SpanStatusCode.UNSET)
        span.status = { code: SpanStatusCode.ERROR };
      span.endAt(endMs);
    },
  };
}

// The SDK's own spans have lost the bit; the context of the request remembers it.
function randomBit(context: Context, parent: SpanContext): number {
  const known = context.getValue(TRACE_RANDOMNESS_KEY) as { traceId: string; random: boolean } | undefined;
  if (known?.traceId === parent.traceId) return known.random ? FLAG_RANDOM : 0;
  return parent.isRemote === true ? parent.traceFlags & FLAG_RANDOM : FLAG_RANDOM;
}

/** CLIENT spans through the SDK that the application has registered itself. */
export function createForeignClientTracing(tracer: Tracer): ClientTracing {
  return {
    begin(call) {
      call.span = tracer.startSpan(
        call.method.spanName,
        { kind: SpanKind.CLIENT, attributes: call.spanAttributes() },
        call.context,
      );
      call.inner = trace.setSpan(call.context, call.span);
    },
    end(call) {
      if (call.span === undefined) return;
      call.span.setAttributes(call.spanAttributes());
      if (call.errorType !== undefined) call.span.setStatus({ code: SpanStatusCode.ERROR });
      call.span.end();
    },
  };
}

/** No spans: the context that the call was made in is what goes out. */
export const noClientTracing: ClientTracing = { begin() {}, end() {} };

/** Links a span to another one, where that is known. */
export function linkTo(span: Span, context: unknown): void {
  if (typeof context === 'object' && context !== null) span.addLink({ context: context as Link['context'] });
}
