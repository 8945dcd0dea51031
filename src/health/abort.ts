type Callback = (event: Event) => void;
type Listener = Callback | { handleEvent(event: Event): unknown } | null;

/** A signal to hand to foreign code, and the way to abort it. */
export interface Abort {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
}

/**
 * An AbortController whose listeners cannot end the process. Node reports what an abort listener throws, or what an async one
 * rejects with, as an uncaught exception: a bug in a check's clean-up would kill the service at the first timeout.
 * The signal stays a real `AbortSignal`, which `fetch` and drivers insist on.
 * A listener on a signal derived from it by `AbortSignal.any` is beyond its reach.
 */
export function createContainedAbort(): Abort {
  const controller = new AbortController();
  const { signal } = controller;
  const containedOf = new WeakMap<object, Callback>();
  let onAbort: Listener = null;

  function contained(listener: Listener): Callback {
    // Not a listener: Node has its own opinion about it.
    if (listener === null || (typeof listener !== 'function' && typeof listener !== 'object'))
      return listener as never;
    let wrapper = containedOf.get(listener);
    if (wrapper === undefined) {
      wrapper = (event: Event) => callContained(signal, listener, event);
      containedOf.set(listener, wrapper);
    }
    return wrapper;
  }

  Object.defineProperties(signal, {
    addEventListener: {
      value: (type: string, listener: Listener, options?: object) =>
        EventTarget.prototype.addEventListener.call(signal, type, contained(listener), options),
    },
    removeEventListener: {
      value: (type: string, listener: Listener, options?: object) =>
        EventTarget.prototype.removeEventListener.call(signal, type, contained(listener), options),
    },
    onabort: {
      get: () => onAbort,
      set(listener: Listener) {
        if (onAbort !== null) signal.removeEventListener('abort', onAbort);
        onAbort = typeof listener === 'function' ? listener : null;
        if (onAbort !== null) signal.addEventListener('abort', onAbort);
      },
    },
  });
  return { signal, abort: (reason) => controller.abort(reason) };
}

function callContained(signal: AbortSignal, listener: NonNullable<Listener>, event: Event): void {
  // The promise takes a synchronous throw and a rejection alike.
  new Promise((resolve) => {
    resolve(typeof listener === 'function' ? listener.call(signal, event) : listener.handleEvent(event));
  }).catch(() => {});
}
