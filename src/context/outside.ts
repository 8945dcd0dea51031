import { AsyncResource } from 'node:async_hooks';
import type { Timers } from '../core/timers.js';

// A resource belongs to the contexts that it was made in: those in which this module was loaded, before any request.
const outside = new AsyncResource('golden-signals', { requireManualDestroy: true });
// To those who watch for what is left open, such as Jest, it is over at once; it works as before. Bun returns nothing here.
outside.emitDestroy();

/**
 * Calls `fn` outside of the request that is being served, for every AsyncLocalStorage there is: the application's own, too. What is
 * set up here and outlives the request, a timer or a socket, would else keep all that those storages hold.
 */
export function runOutside<R>(fn: () => R): R {
  return outside.runInAsyncScope(fn);
}

/** The same timers, set outside of any request. */
export function outsideTimers({ set, clear }: Timers): Timers {
  return { set: (run, delayMs) => runOutside(() => set(run, delayMs)), clear };
}
