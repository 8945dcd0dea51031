import {
  type ContextManager,
  context,
  type MeterProvider,
  metrics,
  propagation,
  type TextMapPropagator,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { reachEarlyTracers } from './api-instances.js';

/** The places of the OpenTelemetry API that one SDK in a process fills. */
export interface ApiGlobals {
  readonly tracerProvider: TracerProvider | undefined;
  readonly meterProvider: MeterProvider | undefined;
  readonly contextManager: ContextManager;
  readonly propagator: TextMapPropagator;
}

type Place = 'trace' | 'metrics' | 'context' | 'propagation' | 'logs';

/** What services of ours have registered: a second service in the process must not take the first one's for an SDK of the user's. */
const ours = new WeakSet<object>();

/** True where the application has registered an SDK of its own. */
export function isForeign(place: Place): boolean {
  const taken = registered(place);
  return taken !== undefined && !ours.has(taken);
}

/** What is registered in a place. Asking the API would register something or log an error; behind it is one registered symbol. */
export function registered(place: Place): object | undefined {
  const registry = (globalThis as Record<symbol, unknown>)[Symbol.for('opentelemetry.js.api.1')];
  const taken = (registry as Record<string, object | undefined> | undefined)?.[place];
  // Of a tracer provider the API registers a proxy.
  return (taken as { getDelegate?(): object } | undefined)?.getDelegate?.() ?? taken;
}

/** Fills every place that is still free, and gives back how to empty those again. */
export function registerGlobals(globals: ApiGlobals): () => void {
  const releases: (() => void)[] = [];
  const { tracerProvider, meterProvider, contextManager, propagator } = globals;
  fill(
    'trace',
    tracerProvider,
    (provider) => trace.setGlobalTracerProvider(provider),
    trace,
    reachEarlyTracers,
  );
  fill('metrics', meterProvider, (provider) => metrics.setGlobalMeterProvider(provider), metrics);
  fill('context', contextManager, (manager) => context.setGlobalContextManager(manager), context);
  fill('propagation', propagator, (given) => propagation.setGlobalPropagator(given), propagation);
  return () => {
    for (const release of releases) release();
  };

  function fill<T extends object>(
    place: Place,
    given: T | undefined,
    register: (given: T) => boolean,
    api: { disable(): void },
    reach?: (given: T) => () => void,
  ): void {
    if (given === undefined || registered(place) !== undefined || !register(given)) return;
    ours.add(given);
    const forget = reach?.(given);
    releases.push(() => {
      // The application may have emptied the place since, and filled it with its own.
      if (registered(place) !== given) return;
      api.disable();
      forget?.();
    });
  }
}
