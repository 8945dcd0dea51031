import { propagation as api, type SpanContext, type TextMapSetter, trace } from '@opentelemetry/api';
import { formatBaggage } from '../context/baggage.js';
import type { Propagation } from '../context/propagators.js';
import { formatTraceparent, parseTraceparent } from '../context/traceparent.js';
import { formatTracestate } from '../context/tracestate.js';
import { isSendable } from '../context/w3c-span-context.js';
import type { OutboundCall } from './outbound-call.js';

/** How the requests of one client let their headers be read and written. */
export class HeaderAccess<R> implements TextMapSetter<R> {
  readonly get: (request: R, name: string) => unknown;
  /** Takes the place of a header of that name. */
  readonly put: (request: R, name: string, value: string) => void;
  /** For a header that is not there yet, with a value that is known to be fit for one. */
  readonly append: (request: R, name: string, value: string) => void;

  constructor(
    get: (request: R, name: string) => unknown,
    put: (request: R, name: string, value: string) => void,
    append = put,
  ) {
    this.get = get;
    this.put = put;
    this.append = append;
  }

  /** For propagators: baggage that the caller wrote himself stays. */
  set(request: R, name: string, value: string): void {
    if (name !== 'baggage' || this.get(request, name) === undefined) this.put(request, name, value);
  }
}

/**
 * True for a `traceparent` of the very trace that a call belongs to: it was copied from the request that is being served, or from
 * an attempt before this one, and would leave this span out of the trace. One of another trace was set on purpose.
 */
export function isCopiedContext(call: OutboundCall, name: string, value: unknown): boolean {
  if (name !== 'traceparent') return false;
  const traceId = parseTraceparent(value)?.traceId;
  return traceId !== undefined && traceId === (call.spanContext ?? trace.getSpanContext(call.inner))?.traceId;
}

/** Writes the context of a call into its headers. A `traceparent` that is there already stays, unless it {@link isCopiedContext}. */
export function writeContext<R>(
  call: OutboundCall,
  { propagator, isW3C }: Propagation,
  request: R,
  access: HeaderAccess<R>,
): void {
  const given = access.get(request, 'traceparent');
  if (given !== undefined && !isCopiedContext(call, 'traceparent', given)) return;
  const { spanContext } = call;
  if (isW3C && spanContext !== undefined && isSendable(spanContext))
    writeW3C(call, spanContext, given !== undefined, request, access);
  else propagator.inject(call.propagatedContext(), request, access);
}

/** What the propagators of Trace Context and Baggage do, without the context that they would read it from. */
function writeW3C<R>(
  call: OutboundCall,
  { traceId, spanId, traceFlags, traceState }: SpanContext,
  isReplaced: boolean,
  request: R,
  access: HeaderAccess<R>,
): void {
  try {
    const traceparent = formatTraceparent(traceId, spanId, traceFlags);
    if (isReplaced) access.put(request, 'traceparent', traceparent);
    else access.append(request, 'traceparent', traceparent);
    const state = formatTracestate(traceState);
    if (state !== undefined) access.put(request, 'tracestate', state);
    const baggage = api.getBaggage(call.context);
    const header = baggage && formatBaggage(baggage);
    if (header !== undefined) access.set(request, 'baggage', header);
  } catch {
    // A request that takes no headers any more, or a baggage of the application's own that fails: it goes out without.
  }
}
