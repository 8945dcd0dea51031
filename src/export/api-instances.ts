import { createRequire } from 'node:module';
import { type LoggerProvider, logs, type TracerProvider, trace } from '@opentelemetry/api';
import { loadedModules } from '../core/loaded-modules.js';

/** What an instance of the API keeps to itself: who has taken a tracer or logger from it before a provider was registered. */
interface ApiInstance {
  readonly trace?: {
    readonly _proxyTracerProvider?: { setDelegate?(provider: TracerProvider): void };
    disable(): void;
  };
  readonly logs?: {
    readonly _proxyLoggerProvider?: { _setDelegate?(provider: LoggerProvider): void };
    disable(): void;
  };
}

type Part = 'trace' | 'logs';

/**
 * Hands a tracer provider that has been registered to the tracers that an ES module has taken already. API 1.10 has two instances in a
 * process, one for import and one for require(): what is registered is the same for both, but not who waits for it. Gives back what has
 * to follow when the provider is taken out again.
 */
export function reachEarlyTracers(provider: TracerProvider): () => void {
  return reachAll('trace', ({ trace }) => trace?._proxyTracerProvider?.setDelegate?.(provider), []);
}

/** As {@link reachEarlyTracers}, for loggers: those of the API, and those of the package that was the logs API before. */
export function reachEarlyLoggers(provider: LoggerProvider): () => void {
  const former = loadedModules().filter(([file]) => apiLogsFile.test(file));
  return reachAll(
    'logs',
    ({ logs }) => logs?._proxyLoggerProvider?._setDelegate?.(provider),
    former.map(([, exports]) => exports as ApiInstance),
  );
}

const apiLogsFile = /[\\/]@opentelemetry[\\/]api-logs[\\/]build[\\/]src[\\/]index\.js$/;

function reachAll(part: Part, reach: (api: ApiInstance) => void, more: readonly ApiInstance[]): () => void {
  const reached: ApiInstance[] = [];
  let isOver = false;
  const add = (api: ApiInstance) => {
    if (isOver) return;
    reach(api);
    reached.push(api);
  };
  more.forEach(add);
  if (hasTwoInstances()) {
    const other = required(part);
    if (other !== undefined) add(other);
    // In a bundle it is part of that, under no name that could be required.
    else
      import('@opentelemetry/api').then(
        (api) => add(api as object),
        () => {},
      );
  }
  return () => {
    isOver = true;
    // Who takes a tracer from now on waits for the next provider.
    for (const api of reached) api[part]?.disable();
  };
}

/** Loading the other instance takes some milliseconds: where the program is CommonJS, most likely nothing has used it. */
function hasTwoInstances(): boolean {
  // Version 1.9 has one instance, and no logs.
  if ((logs as unknown) === undefined) return false;
  try {
    const main = require.main;
    return main?.filename === undefined || main.filename === __filename;
  } catch {
    // A bundle that is an ES module.
    return true;
  }
}

/** Half the files of the whole instance are enough for one part of it (10 ms instead of 20, where nothing has loaded it). */
function required(part: Part): ApiInstance | undefined {
  try {
    const load = createRequire(__filename);
    // In a bundle, what lies outside of it is another copy.
    if (load('@opentelemetry/api').trace !== trace) return undefined;
    const file = load.resolve('@opentelemetry/api');
    return file.endsWith('index.cjs') ? load(file.replace(/index\.cjs$/, `${part}-api.mjs`)) : undefined;
  } catch {
    return undefined;
  }
}
