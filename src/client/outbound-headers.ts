import { type TextMapPropagator, type TextMapSetter, trace } from '@opentelemetry/api';
import { parseTraceparent } from '../context/traceparent.js';
import type { OutboundCall } from './outbound-call.js';

/** How the requests of one client let their headers be read and written. */
export class HeaderAccess<R> implements TextMapSetter<R> {
  readonly get: (request: R, name: string) => unknown;
  /** Takes the place of a header of that name. */
  readonly put: (request: R, name: string, value: string) => void;

  constructor(
    get: (request: R, name: string) => unknown,
    put: (request: R, name: string, value: string) => void,
  ) {
    this.get = get;
    this.put = put;
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
  return traceId !== undefined && traceId === trace.getSpanContext(call.inner)?.traceId;
}

/** Writes the context of a call into its headers. A `traceparent` that is there already stays, unless it {@link isCopiedContext}. */
export function writeContext<R>(
  call: OutboundCall,
  propagator: TextMapPropagator,
  request: R,
  access: HeaderAccess<R>,
): void {
  const given = access.get(request, 'traceparent');
  if (given !== undefined && !isCopiedContext(call, 'traceparent', given)) return;
  propagator.inject(call.inner, request, access);
}
