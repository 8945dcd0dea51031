import { types } from 'node:util';
import { activeContext, runInContext } from '../../context/storage.js';
import { patch } from '../../core/patch.js';
import { FETCH_KEY, FetchCall } from './fetch-call.js';
import { type FetchOutcome, type FetchRequest, repeatFetch } from './retry.js';

type Fetch = typeof globalThis.fetch;

/**
 * Wraps the global `fetch`, for what cannot be seen below it: which attempts on the wire are resends of one call, that an abort
 * with a reason of one's own is the caller's, and that a rejection by the breaker is to reach the caller as the `CircuitOpenError`
 * itself, not as the cause of a "fetch failed". `onFirst` is called before the first call, when the engine behind `fetch` is loaded;
 * `beneath` gives what the calls are made with.
 */
export function wrapGlobalFetch(
  onFirst: () => void,
  mayRepeat: () => boolean,
  caught: (error: unknown) => void,
  beneath: (original: Fetch) => Fetch,
): void {
  if (typeof globalThis.fetch !== 'function') return;
  patch<Fetch>(globalThis, 'fetch', (original) =>
    withProperties(original(), wrap(beneath(original()), onFirst, mayRepeat, caught)),
  );
}

/** Bun's fetch has functions of its own, and so has a mock. */
function withProperties(original: Fetch, wrapped: Fetch): Fetch {
  for (const name of Object.getOwnPropertyNames(original)) {
    const descriptor = Object.getOwnPropertyDescriptor(original, name);
    if (descriptor !== undefined && !Object.hasOwn(wrapped, name))
      Object.defineProperty(wrapped, name, descriptor);
  }
  return wrapped;
}

function wrap(
  original: Fetch,
  onFirst: () => void,
  mayRepeat: () => boolean,
  caught: (error: unknown) => void,
): Fetch {
  let isFirst = true;
  const wrapped: Fetch = function fetch(this: unknown, input, init) {
    if (isFirst) {
      isFirst = false;
      prepare();
    }
    const call = new FetchCall(signalOf(init) ?? signalOf(input));
    const context = activeContext().setValue(FETCH_KEY, call);
    if (!mayRepeat()) {
      const response = runInContext(context, original, this, input, init);
      return types.isPromise(response) ? response.then(undefined, rethrow) : response;
    }
    const send = () => runInContext(context, original, this, input, init);
    const response = send();
    // A mock of fetch may return anything.
    if (!types.isPromise(response)) return response;
    const request = { input, init, call, send };
    return response.then(
      (value) => end(request, { response: value }),
      (error) => end(request, { error }),
    );
  };
  function prepare(): void {
    try {
      // Node loads the engine with the first of its classes that is asked for: the first call is to be met as every other.
      void globalThis.Headers;
      onFirst();
    } catch (error) {
      caught(error);
    }
  }
  return wrapped;
}

function end(request: FetchRequest, outcome: FetchOutcome): Response | Promise<Response> {
  if (request.call.last?.config?.retry !== undefined) return repeatFetch(request, outcome).then(unwrap);
  return unwrap(outcome);
}

function unwrap(outcome: FetchOutcome): Response {
  if ('response' in outcome) return outcome.response;
  return rethrow(outcome.error);
}

function rethrow(error: unknown): never {
  const { cause } = (error ?? {}) as { cause?: { code?: unknown } };
  throw cause?.code === 'ERR_CIRCUIT_OPEN' || cause?.code === 'ERR_UPSTREAM_TIMEOUT' ? cause : error;
}

function signalOf(given: unknown): AbortSignal | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  try {
    return (given as { signal?: AbortSignal | null }).signal ?? undefined;
  } catch {
    // fetch itself comes upon it, and rejects.
    return undefined;
  }
}
