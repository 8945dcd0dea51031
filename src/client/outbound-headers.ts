import { propagation as api, type SpanContext, type TextMapSetter } from '@opentelemetry/api';
import { formatBaggage } from '../context/baggage.js';
import type { Propagation } from '../context/propagators.js';
import { formatTraceparent } from '../context/traceparent.js';
import { formatTracestate } from '../context/tracestate.js';
import { isSendable } from '../context/w3c-span-context.js';
import type { OutboundCall } from './outbound-call.js';

const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** How the requests of one client let their headers be read and added to. */
export class HeaderAccess<R> implements TextMapSetter<R> {
  readonly get: (request: R, name: string) => unknown;
  /**
   * For a name in lower case. A header of that name that the application has set, now or later, stays; baggage is merged with it.
   */
  readonly add: (request: R, name: string, value: string) => void;

  constructor(
    get: (request: R, name: string) => unknown,
    add: (request: R, name: string, value: string) => void,
  ) {
    this.get = get;
    this.add = add;
  }

  /** For propagators, the application's own among them: what is no header is left out. */
  set(request: R, name: string, value: string): void {
    if (headerName.test(name) && headerValue.test(value)) this.add(request, name.toLowerCase(), value);
  }
}

/**
 * Writes the context of a call into its headers. Where the application has set a `traceparent` nothing is added: it may be signed, and
 * what belongs to it is known only there.
 */
export function writeContext<R>(
  call: OutboundCall,
  { propagator, isW3C }: Propagation,
  request: R,
  access: HeaderAccess<R>,
): void {
  if (access.get(request, 'traceparent') !== undefined) return;
  const { spanContext } = call;
  if (isW3C && spanContext !== undefined && isSendable(spanContext))
    writeW3C(call, spanContext, request, access);
  else propagator.inject(call.propagatedContext(), request, access);
}

/** What the propagators of Trace Context and Baggage do, without the context that they would read it from. */
function writeW3C<R>(
  call: OutboundCall,
  { traceId, spanId, traceFlags, traceState }: SpanContext,
  request: R,
  access: HeaderAccess<R>,
): void {
  // A baggage of the application's own may fail: the call goes out without any of these.
  const baggage = api.getBaggage(call.context);
  const header = baggage && formatBaggage(baggage);
  const state = formatTracestate(traceState);
  access.add(request, 'traceparent', formatTraceparent(traceId, spanId, traceFlags));
  if (state !== undefined) access.add(request, 'tracestate', state);
  if (header !== undefined) access.add(request, 'baggage', header);
}
