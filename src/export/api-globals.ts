import {
  type ContextManager,
  context,
  diag,
  type MeterProvider,
  metrics,
  propagation,
  type TextMapPropagator,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';

/** The places of the OpenTelemetry API that one SDK in a process fills. */
export interface ApiGlobals {
  readonly tracerProvider: TracerProvider | undefined;
  readonly meterProvider: MeterProvider | undefined;
  readonly contextManager: ContextManager;
  readonly propagator: TextMapPropagator;
}

type Place = 'trace' | 'metrics' | 'context' | 'propagation';

/** Asking the API would register something or log an error; the registry behind it is one registered symbol. */
export function isTaken(place: Place): boolean {
  const registry = (globalThis as Record<symbol, unknown>)[Symbol.for('opentelemetry.js.api.1')];
  return (registry as Record<string, unknown> | undefined)?.[place] !== undefined;
}

/** Fills every place that is still free, and gives back how to empty those again. */
export function registerGlobals(globals: ApiGlobals): () => void {
  const taken: (() => void)[] = [];
  const { tracerProvider, meterProvider, contextManager, propagator } = globals;
  if (tracerProvider !== undefined && !isTaken('trace') && trace.setGlobalTracerProvider(tracerProvider)) {
    taken.push(() => trace.disable());
  }
  if (meterProvider !== undefined && !isTaken('metrics') && metrics.setGlobalMeterProvider(meterProvider)) {
    taken.push(() => metrics.disable());
  }
  if (!isTaken('context') && context.setGlobalContextManager(contextManager)) {
    taken.push(() => context.disable());
  }
  if (!isTaken('propagation') && propagation.setGlobalPropagator(propagator)) {
    taken.push(() => propagation.disable());
  }
  return () => {
    for (const release of taken) release();
  };
}

/** OTEL_LOG_LEVEL set: what OpenTelemetry itself has to say goes to the same place as our own lines. */
export function registerDiagnostics(level: string, write: (line: string) => void): void {
  if (isDiagnosed()) return;
  const levels: Record<string, number> = {
    none: 0,
    error: 30,
    warn: 50,
    info: 60,
    debug: 70,
    verbose: 80,
    all: 9_999,
  };
  const line = (name: string) => (message: string) => write(`opentelemetry ${name}: ${message}`);
  diag.setLogger(
    {
      error: line('error'),
      warn: line('warn'),
      info: line('info'),
      debug: line('debug'),
      verbose: line('verbose'),
    },
    { logLevel: levels[level] ?? 60, suppressOverrideMessage: true },
  );
}

function isDiagnosed(): boolean {
  const registry = (globalThis as Record<symbol, unknown>)[Symbol.for('opentelemetry.js.api.1')];
  return (registry as Record<string, unknown> | undefined)?.diag !== undefined;
}
