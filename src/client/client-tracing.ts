import { type Link, type Span, SpanKind } from '@opentelemetry/api';
import { type CallTracing, noCallTracing } from '../trace/call-tracing.js';
import type { OutboundCall } from './outbound-call.js';

/** Gives an outgoing call its span, and ends it. */
export interface ClientTracing {
  begin(call: OutboundCall): void;
  end(call: OutboundCall, endMs: number): void;
}

/** CLIENT spans, named after the method. */
export function createClientTracing(tracing: CallTracing): ClientTracing {
  return {
    begin: (call) => tracing.begin(call, SpanKind.CLIENT, call.method.spanName),
    end: (call, endMs) => tracing.end(call, endMs),
  };
}

/** No spans: the context that the call was made in is what goes out. */
export const noClientTracing: ClientTracing = createClientTracing(noCallTracing);

/** Links a span to another one, where that is known. */
export function linkTo(span: Span, context: unknown): void {
  if (typeof context === 'object' && context !== null) span.addLink({ context: context as Link['context'] });
}
