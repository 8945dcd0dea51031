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
 * Writes the context of a call into its headers. A `traceparent` that is there already stays when it belongs to another trace: the
 * caller set it on purpose. One of this very trace was copied from the request that is being served, and would leave this span out
 * of the trace.
 */
export function writeContext<R>(
  call: OutboundCall,
  propagator: TextMapPropagator,
  request: R,
  access: HeaderAccess<R>,
): void {
  const given = access.get(request, 'traceparent');
  if (given !== undefined) {
    const traceId = parseTraceparent(given)?.traceId;
    if (traceId === undefined || traceId !== trace.getSpanContext(call.inner)?.traceId) return;
  }
  propagator.inject(call.inner, request, access);
}
