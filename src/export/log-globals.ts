import { type LoggerProvider, logs } from '@opentelemetry/api';
import { registered } from './api-globals.js';
import { reachEarlyLoggers } from './api-instances.js';

// Version 1.9 of the API has no logs.
const api = logs as typeof logs | undefined;

/** Where `@opentelemetry/api-logs`, the logs API before version 1.10, keeps its provider: as a function of the version of that place. */
const FORMER_PLACE = Symbol.for('io.opentelemetry.js.api.logs');
const FORMER_VERSION = 1;

type Former = (version: number) => LoggerProvider | undefined;

/** What services of ours have registered: a second service in the process must not take it for a provider of the user's. */
const ours = new WeakSet<object>();

function former(): Former | undefined {
  return (globalThis as Record<symbol, Former | undefined>)[FORMER_PLACE];
}

/** The provider of log records that the application has registered itself, with either logs API. */
export function foreignLoggerProvider(): LoggerProvider | undefined {
  const taken = registered('logs') as LoggerProvider | undefined;
  if (taken !== undefined && !ours.has(taken)) return taken;
  const formerly = former();
  return formerly === undefined || ours.has(formerly) ? undefined : formerly(FORMER_VERSION);
}

/** Makes the records that others emit with either logs API leave through `provider`, where its place is free; gives back how to end it. */
export function registerLogs(provider: LoggerProvider): () => void {
  const releases: (() => void)[] = [];
  if (api !== undefined && registered('logs') === undefined && api.setGlobalLoggerProvider(provider)) {
    ours.add(provider);
    releases.push(() => {
      if (registered('logs') === provider) api.disable();
    });
  }
  if (former() === undefined) {
    const places = globalThis as Record<symbol, Former | undefined>;
    const own: Former = (version) => (version === FORMER_VERSION ? provider : undefined);
    places[FORMER_PLACE] = own;
    ours.add(own);
    releases.push(() => {
      if (former() === own) delete places[FORMER_PLACE];
    });
  }
  if (releases.length > 0) {
    const forget = reachEarlyLoggers(provider);
    releases.push(() => {
      // It empties both places.
      if (foreignLoggerProvider() === undefined) forget();
    });
  }
  return () => {
    for (const release of releases) release();
  };
}
