import {
  type Context,
  createContextKey,
  isSpanContextValid,
  propagation,
  type SpanContext,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api';
import { formatBaggage, parseBaggage } from './baggage.js';
import { isSuppressed } from './suppressed.js';
import {
  areSendable,
  FLAG_RANDOM,
  FLAG_SAMPLED,
  formatTraceparent,
  parseTraceparent,
} from './traceparent.js';
import { formatTracestate, parseTracestate } from './tracestate.js';

/** What the caller said about the randomness of a trace id; it holds for every request sent on within that trace. */
interface TraceRandomness {
  readonly traceId: string;
  readonly random: boolean;
}

/**
 * Where a context keeps the `TraceRandomness` of the trace it continues.
 * It is beside the SpanContext because the SDK's tracer makes the flags of a span from the sampling decision alone.
 */
export const TRACE_RANDOMNESS_KEY = createContextKey('golden-signals random trace id');

export interface TraceContextPropagatorOptions {
  /** Whether trace ids begun in this process end in 7 random bytes, as those of the SDK do. @default true */
  readonly ownIdsAreRandom?: boolean;
}

/**
 * Sends and receives `traceparent` and `tracestate`. What cannot be read leaves the context as it is, so that a new trace begins.
 * Extract and inject with no span in between send the caller's ids on, with a `tracestate` unchanged to the character.
 * Nothing is sent where tracing is suppressed.
 * @see W3C Trace Context Level 2
 */
export function createW3CTraceContextPropagator(
  options: TraceContextPropagatorOptions = {},
): TextMapPropagator {
  const { ownIdsAreRandom = true } = options;

  function isRandom(context: Context, { traceId, traceFlags, isRemote }: SpanContext): boolean {
    const continued = context.getValue(TRACE_RANDOMNESS_KEY) as TraceRandomness | undefined;
    if (continued?.traceId === traceId) return continued.random;
    return (traceFlags & FLAG_RANDOM) !== 0 || (ownIdsAreRandom && isRemote !== true);
  }

  return {
    extract(context, carrier, getter) {
      const parent = parseTraceparent(getter.get(carrier, 'traceparent'));
      if (parent === undefined) return context;
      const { traceId, spanId, flags } = parent;
      const spanContext: SpanContext = { traceId, spanId, traceFlags: flags, isRemote: true };
      const traceState = parseTracestate(getter.get(carrier, 'tracestate'));
      if (traceState !== undefined) spanContext.traceState = traceState;
      const randomness: TraceRandomness = { traceId, random: (flags & FLAG_RANDOM) !== 0 };
      return trace.setSpanContext(context, spanContext).setValue(TRACE_RANDOMNESS_KEY, randomness);
    },

    inject(context, carrier, setter) {
      const spanContext = trace.getSpanContext(context);
      if (spanContext === undefined || isSuppressed(context)) return;
      const { traceId, spanId, traceFlags, traceState } = spanContext;
      const flags = (traceFlags & FLAG_SAMPLED) | (isRandom(context, spanContext) ? FLAG_RANDOM : 0);
      if (areSendable(traceId, spanId))
        setter.set(carrier, 'traceparent', formatTraceparent(traceId, spanId, flags));
      else if (isSpanContextValid(spanContext)) {
        // The API takes upper-case ids as valid, the header must not have them.
        const lower = formatTraceparent(traceId.toLowerCase(), spanId.toLowerCase(), flags);
        setter.set(carrier, 'traceparent', lower);
      } else return;
      const state = formatTracestate(traceState);
      if (state !== undefined) setter.set(carrier, 'tracestate', state);
    },

    fields: () => ['traceparent', 'tracestate'],
  };
}

/**
 * Sends and receives `baggage`, with a trace or without one.
 * It goes to every callee: the caller of `inject` must withhold it from hosts outside the trust boundary.
 * @see W3C Baggage
 */
export function createW3CBaggagePropagator(): TextMapPropagator {
  return {
    extract(context, carrier, getter) {
      const baggage = parseBaggage(getter.get(carrier, 'baggage'));
      return baggage === undefined ? context : propagation.setBaggage(context, baggage);
    },

    inject(context, carrier, setter) {
      const baggage = propagation.getBaggage(context);
      if (baggage === undefined || isSuppressed(context)) return;
      const header = formatBaggage(baggage);
      if (header !== undefined) setter.set(carrier, 'baggage', header);
    },

    fields: () => ['baggage'],
  };
}
