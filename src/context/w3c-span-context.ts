import type { SpanContext, TraceState } from '@opentelemetry/api';
import { areSendable } from './traceparent.js';

/** A span context whose ids are known to be valid in a `traceparent`: they are not checked again. */
export class W3CSpanContext implements SpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly traceState?: TraceState;

  /** For ids that were made here, or read from a valid `traceparent`. */
  constructor(traceId: string, spanId: string, traceFlags: number, traceState: TraceState | undefined) {
    this.traceId = traceId;
    this.spanId = spanId;
    this.traceFlags = traceFlags;
    if (traceState !== undefined) this.traceState = traceState;
  }
}

/** That of a request that has come in. */
export class ReceivedSpanContext extends W3CSpanContext {
  readonly isRemote = true;
}

/** True for a context whose ids a header can hold as they are. */
export function isSendable(context: SpanContext): boolean {
  return context instanceof W3CSpanContext || areSendable(context.traceId, context.spanId);
}

/** The context of a new span: under `parent`, whose trace id `traceId` then is, or the first of its trace. */
export function createSpanContext(
  parent: SpanContext | undefined,
  traceId: string,
  spanId: string,
  traceFlags: number,
  traceState = parent?.traceState,
): SpanContext {
  if (parent === undefined || isSendable(parent))
    return new W3CSpanContext(traceId, spanId, traceFlags, traceState);
  return { traceId, spanId, traceFlags, ...(traceState === undefined ? {} : { traceState }) };
}
