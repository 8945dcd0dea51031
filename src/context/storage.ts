import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, type ContextManager, context as contextApi, ROOT_CONTEXT } from '@opentelemetry/api';
import { rootContext } from './derived-context.js';

/** The one AsyncLocalStorage of the process: what it holds is the active OpenTelemetry context. */
const storage = new AsyncLocalStorage<Context>();

// An application that registered a context manager of its own keeps it, and everything here goes through that one.
let isForeign = false;

/** Says whose storage holds the active context: this library's, or that of the SDK which the application has registered. */
export function useForeignContextManager(value: boolean): void {
  isForeign = value;
}

/** The active OpenTelemetry context. */
export function activeContext(): Context {
  if (isForeign) return contextApi.active();
  return storage.getStore() ?? rootContext;
}

/** Calls `fn` with `context` active, without allocating a closure: `fn` is called with `self` as `this` and the arguments. */
export function runInContext<A extends unknown[], R>(
  context: Context,
  fn: (this: unknown, ...args: A) => R,
  self: unknown,
  ...args: A
): R {
  return applyInContext(context, fn, self, args);
}

/** As {@link runInContext}, for arguments that are an array already. */
export function applyInContext<A extends unknown[], R>(
  context: Context,
  fn: (this: unknown, ...args: A) => R,
  self: unknown,
  args: A,
): R {
  if (isForeign) return contextApi.with(context, fn as (...args: A) => R, self as undefined, ...args);
  return storage.run(context, callWith as (fn: unknown, self: unknown, args: A) => R, fn, self, args);
}

/** As {@link runInContext}, for a callback that belongs to a context: most often it is the active one, which costs nothing. */
export function resumeIn<A extends unknown[], R>(
  context: Context,
  fn: (this: unknown, ...args: A) => R,
  self: unknown,
  ...args: A
): R {
  return context === activeContext() ? fn.apply(self, args) : runInContext(context, fn, self, ...args);
}

/**
 * Makes what a channel runs go on in the context that its message says; undefined for where it is.
 * Not with a context manager of the application's own, which has no such way in.
 */
export function bindContext<M>(
  channel: { bindStore(store: AsyncLocalStorage<Context>, transform: (message: M) => Context): void },
  contextOf: (message: M) => Context | undefined,
): void {
  channel.bindStore(storage, (message) => contextOf(message) ?? activeContext());
}

/** Undoes {@link bindContext}. */
export function unbindContext(channel: { unbindStore(store: AsyncLocalStorage<Context>): unknown }): void {
  channel.unbindStore(storage);
}

function callWith(fn: (...args: unknown[]) => unknown, self: unknown, args: unknown[]): unknown {
  return fn.apply(self, args);
}

/** The OpenTelemetry context manager over that storage. */
export const contextManager: ContextManager = {
  active() {
    const context = storage.getStore();
    // Applications may compare.
    return context === undefined || context === rootContext ? ROOT_CONTEXT : context;
  },
  with(context, fn, thisArg, ...args) {
    return runInContext(context, fn as unknown as (...args: unknown[]) => never, thisArg, ...args);
  },
  bind(context, target) {
    if (typeof target !== 'function') return target;
    const bound = function (this: unknown, ...args: unknown[]) {
      return runInContext(context, target as (...args: unknown[]) => unknown, this, ...args);
    };
    Object.defineProperty(bound, 'length', { value: target.length, configurable: true });
    return bound as typeof target;
  },
  attach(context) {
    const before = storage.getStore();
    storage.enterWith(context);
    return {
      dispose() {
        // Where something else has become active meanwhile, that is not this one's to end.
        if (storage.getStore() === context) storage.enterWith(before as Context);
      },
    };
  },
  enable() {
    return this;
  },
  disable() {
    return this;
  },
};
