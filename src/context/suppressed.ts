import { type Context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { runOutside } from './outside.js';
import { runInContext } from './storage.js';

// The key of @opentelemetry/core's suppressTracing(), which every OpenTelemetry instrumentation respects. A key is a registered
// symbol, so this is the same one without loading the package; a test compares them.
const SUPPRESS_TRACING_KEY = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

const suppressed: Context = ROOT_CONTEXT.setValue(SUPPRESS_TRACING_KEY, true);

/** True where our own telemetry is being sent, which is never traced or counted. */
export function isSuppressed(context: Context): boolean {
  return context.getValue(SUPPRESS_TRACING_KEY) === true;
}

/** Runs what belongs to telemetry itself, outside of any request. */
export function runSuppressed<R>(fn: () => R): R {
  return runOutside(() => runInContext(suppressed, fn, undefined));
}
