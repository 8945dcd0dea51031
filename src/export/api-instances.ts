import { createRequire } from 'node:module';
import { type LoggerProvider, logs, type TracerProvider } from '@opentelemetry/api';
import { loadedModules } from '../core/loaded-modules.js';

/** What tracers and loggers wait for that were taken from an instance of the API before a provider was registered. */
interface ApiInstance {
  readonly trace?: { readonly _proxyTracerProvider?: { setDelegate?(provider: TracerProvider): void } };
  readonly logs?: { readonly _proxyLoggerProvider?: { _setDelegate?(provider: LoggerProvider): void } };
}

/**
 * Hands a tracer provider that has been registered to the tracers that an ES module has taken already. API 1.10 has two instances in a
 * process, one for import and one for require(). They share what is registered, but each keeps to itself who waits for it.
 */
export function reachEarlyTracers(provider: TracerProvider): void {
  reachOther(({ trace }) => trace?._proxyTracerProvider?.setDelegate?.(provider));
}

/** As {@link reachEarlyTracers}, for loggers: those of the API, and those of copies of the package that was the logs API before. */
export function reachEarlyLoggers(provider: LoggerProvider): void {
  const reach = ({ logs }: ApiInstance) => logs?._proxyLoggerProvider?._setDelegate?.(provider);
  reachOther(reach);
  for (const [file, exports] of loadedModules()) {
    if (apiLogsFile.test(file)) reach(exports as ApiInstance);
  }
}

const apiLogsFile = /[\\/]@opentelemetry[\\/]api-logs[\\/]build[\\/]src[\\/]index\.js$/;

function reachOther(reach: (api: ApiInstance) => void): void {
  if (!hasTwoInstances()) return;
  const api = required();
  if (api !== undefined) reach(api);
  // In a bundle it is part of that, under no name that could be required.
  else
    import('@opentelemetry/api').then(
      (other) => reach(other as object),
      () => {},
    );
}

/** Loading the other instance takes some milliseconds: where the program is CommonJS, most likely nothing has used it. */
function hasTwoInstances(): boolean {
  // Version 1.9 has one instance, and no logs.
  if ((logs as unknown) === undefined) return false;
  const main = typeof require === 'function' ? require.main : undefined;
  return main?.filename === undefined || main.filename === __filename;
}

function required(): ApiInstance | undefined {
  try {
    const load = createRequire(__filename);
    const file = load.resolve('@opentelemetry/api');
    return file.endsWith('.cjs') ? load(file.replace(/\.cjs$/, '.mjs')) : undefined;
  } catch {
    return undefined;
  }
}
