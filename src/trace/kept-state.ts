import type { SpanContext, TraceState } from '@opentelemetry/api';
import { parseTracestate } from '../context/tracestate.js';

// The member of `tracestate` by which a service tells those that it asks that it keeps its part of a trace that is not sampled.
const key = 'golden-signals';
const value = 'keep';
const onlyMember = parseTracestate(`${key}=${value}`) as TraceState;

/** The state of a call by which its upstream keeps its part, too. */
export function askingToKeep(state: TraceState | undefined): TraceState {
  return state === undefined ? onlyMember : state.set(key, value);
}

/** Whether a caller keeps its part of the trace; what begins under a span of this process waits for that one. */
export function asksToKeep({ traceState, isRemote }: SpanContext): boolean {
  return isRemote === true && traceState?.get(key) === value;
}
