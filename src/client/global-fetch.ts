import { activeContext, runInContext } from '../context/storage.js';
import { FETCH_KEY, type FetchCall } from './fetch-call.js';

type Fetch = typeof globalThis.fetch;

/**
 * Wraps the global `fetch`, for what cannot be seen below it: which attempts on the wire are resends of one call, that an abort
 * with a reason of one's own is the caller's, and that a rejection by the breaker is to reach the caller as the `CircuitOpenError`
 * itself, not as the cause of a "fetch failed". `onLoaded` is called once the engine behind `fetch` is loaded.
 */
export function wrapGlobalFetch(onLoaded: () => void): void {
  const { fetch: original } = globalThis;
  if (typeof original !== 'function') return;
  let isLoaded = false;
  const wrapped: Fetch = function fetch(this: unknown, input, init) {
    const call: FetchCall = { attempts: 0, signal: init?.signal ?? signalOf(input) };
    const context = activeContext().setValue(FETCH_KEY, call);
    const response = runInContext(context, original, this, input, init);
    if (!isLoaded) {
      isLoaded = true;
      onLoaded();
    }
    return response.catch(rethrow);
  };
  Object.defineProperty(wrapped, 'length', { value: original.length });
  Object.defineProperty(globalThis, 'fetch', {
    value: wrapped,
    writable: true,
    configurable: true,
    enumerable: true,
  });
}

function signalOf(input: unknown): AbortSignal | undefined {
  return typeof input === 'object' && input !== null && 'signal' in input
    ? (input.signal as AbortSignal)
    : undefined;
}

function rethrow(error: unknown): never {
  const { cause } = (error ?? {}) as { cause?: { code?: unknown } };
  throw cause?.code === 'ERR_CIRCUIT_OPEN' || cause?.code === 'ERR_UPSTREAM_TIMEOUT' ? cause : error;
}
