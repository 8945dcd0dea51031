import { loadedModules } from '../../core/loaded-modules.js';
import type { Dispatch } from './dispatch.js';

interface DispatcherPrototype {
  dispatch: Dispatch;
}

const globalDispatchers = [Symbol.for('undici.globalDispatcher.1'), Symbol.for('undici.globalDispatcher.2')];
const dispatcherFile = /[\\/]undici[^\\/]*[\\/]lib[\\/]dispatcher[\\/]dispatcher-base\.js$/;

/**
 * The base classes of all dispatchers, one for each copy of undici in the process: the one that is built into Node is found through
 * its global dispatcher, an installed one in the cache of loaded modules, where it is whether it was imported or required.
 */
export function dispatcherPrototypes(): DispatcherPrototype[] {
  const found = new Set<DispatcherPrototype>();
  for (const key of globalDispatchers) {
    const prototype = baseOf((globalThis as Record<symbol, unknown>)[key]);
    if (prototype !== undefined) found.add(prototype);
  }
  for (const [file, exports] of loadedModules()) {
    if (!dispatcherFile.test(file)) continue;
    const prototype = (exports as { prototype?: unknown } | undefined)?.prototype;
    if (hasDispatch(prototype)) found.add(prototype);
  }
  return [...found];
}

/** The prototype in a dispatcher's chain that `dispatch` of its clients and pools comes from. */
function baseOf(dispatcher: unknown): DispatcherPrototype | undefined {
  let at: unknown =
    typeof dispatcher === 'object' && dispatcher !== null ? Object.getPrototypeOf(dispatcher) : undefined;
  while (typeof at === 'object' && at !== null) {
    if (at.constructor?.name === 'DispatcherBase' && hasDispatch(at)) return at;
    at = Object.getPrototypeOf(at);
  }
  return undefined;
}

function hasDispatch(prototype: unknown): prototype is DispatcherPrototype {
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    Object.hasOwn(prototype, 'dispatch') &&
    typeof (prototype as { dispatch: unknown }).dispatch === 'function'
  );
}

const leafKey = Symbol('golden-signals.leaf');

interface MarkedDispatcher {
  /** Of its class. */
  readonly [leafKey]?: boolean;
}

/** True for a client of one origin: pools and agents hand a call on to one, and it must be seen once. */
export function isLeaf(dispatcher: object): boolean {
  return (dispatcher as MarkedDispatcher)[leafKey] ?? markLeaf(dispatcher);
}

/**
 * Notes on a class of dispatchers what it is: asked for three times in each call. By its name it is not known, for an application may
 * call a pool of its own `Client`; only a client has a queue with an index of what is running.
 */
function markLeaf(dispatcher: object): boolean {
  const isClient = Object.getOwnPropertySymbols(dispatcher).some(
    ({ description }) => description === 'running index',
  );
  const prototype = Object.getPrototypeOf(dispatcher) as object | null;
  // Not on the base class: what descends from it would have the mark too.
  if (prototype !== null && !hasDispatch(prototype))
    Reflect.defineProperty(prototype, leafKey, { value: isClient });
  return isClient;
}

/** The origin of a client, for a call that does not name one. */
export function originOfClient(client: object): string | undefined {
  for (const symbol of Object.getOwnPropertySymbols(client)) {
    if (symbol.description === 'url') {
      const url = (client as Record<symbol, unknown>)[symbol];
      const { origin } = (url ?? {}) as { readonly origin?: unknown };
      return typeof origin === 'string' ? origin : undefined;
    }
  }
  return undefined;
}
