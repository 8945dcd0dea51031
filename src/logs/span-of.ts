import { type Context, isSpanContextValid, type SpanContext, trace } from '@opentelemetry/api';

/** The span that a record made in this context belongs to. */
export function spanOf(context: Context): SpanContext | undefined {
  const found = trace.getSpanContext(context);
  return found !== undefined && isSpanContextValid(found) ? found : undefined;
}

const ids: ReadonlySet<string> = new Set(['trace_id', 'span_id', 'trace_flags']);

/** True for a field that repeats the trace context of the record. */
export function isTraceField(key: string): boolean {
  return ids.has(key);
}

const traceId = /^(?!0+$)[0-9a-f]{32}$/;
const spanId = /^(?!0+$)[0-9a-f]{16}$/;

/** The span that the fields of a line name, for a line that is read when nothing else knows it any more. */
export function spanIn(fields: Readonly<Record<string, unknown>>): SpanContext | undefined {
  const { trace_id: trace, span_id: span, trace_flags: flags } = fields;
  if (typeof trace !== 'string' || typeof span !== 'string' || !traceId.test(trace) || !spanId.test(span))
    return undefined;
  return {
    traceId: trace,
    spanId: span,
    traceFlags: typeof flags === 'string' && /^[0-9a-f]{2}$/.test(flags) ? Number.parseInt(flags, 16) : 0,
  };
}
