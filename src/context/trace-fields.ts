import { context as contextApi, isSpanContextValid, trace } from '@opentelemetry/api';
import { activeContext } from './storage.js';

/** What a log line needs to be found from its trace, by the names of the OpenTelemetry log conventions. */
export interface TraceFields {
  /** 32 lower-case hex digits. */
  readonly trace_id: string;
  /** 16 lower-case hex digits. */
  readonly span_id: string;
  /** Two hex digits: `01` for sampled, `03` for sampled with a random trace id. */
  readonly trace_flags: string;
}

/** The ids of the active span for a logger to mix into its lines; an empty object outside of any span. */
export function traceFields(): TraceFields | Record<string, never> {
  // Of a second copy of this package, the first one holds the context: the API knows it.
  const context = trace.getSpanContext(activeContext()) ?? trace.getSpanContext(contextApi.active());
  if (context === undefined || !isSpanContextValid(context)) return {};
  return {
    trace_id: context.traceId,
    span_id: context.spanId,
    trace_flags: context.traceFlags.toString(16).padStart(2, '0'),
  };
}
