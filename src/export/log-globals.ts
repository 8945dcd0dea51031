import type { LoggerProvider } from '@opentelemetry/api-logs';

type LogsApi = typeof import('@opentelemetry/api-logs');

// The logs API keeps its provider behind a registered symbol of its own, as a function of the API's version.
const PLACE = Symbol.for('io.opentelemetry.js.api.logs');

/** What services of ours have registered: a second service in the process must not take it for a provider of the user's. */
const ours = new WeakSet<object>();

function registered(): unknown {
  return (globalThis as Record<symbol, unknown>)[PLACE];
}

/** True where the application has registered a provider of log records of its own. */
export function isLogsForeign(): boolean {
  const taken = registered();
  return taken !== undefined && !ours.has(taken as object);
}

/** Makes the records that others emit with the logs API leave through `provider`, if that place is free; gives back how to end it. */
export function registerLogs(provider: LoggerProvider): () => void {
  if (registered() !== undefined) return () => {};
  const { logs } = require('@opentelemetry/api-logs') as LogsApi;
  logs.setGlobalLoggerProvider(provider);
  const own = registered();
  if (own === undefined) return () => {};
  ours.add(own as object);
  return () => {
    if (registered() === own) logs.disable();
  };
}
