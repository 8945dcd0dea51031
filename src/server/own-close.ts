import * as net from 'node:net';
import { patch } from '../core/patch.js';

type Listener = (...args: unknown[]) => unknown;

/** A server that this library has closed, and that its application does not know to be closed. */
interface Closed {
  /** The listeners that 'close' was emitted to; undefined while connections are open. */
  notified: ReadonlySet<unknown> | undefined;
}

const closed = new WeakMap<net.Server, Closed>();
let isInstalled = false;

/**
 * Closes a server on behalf of its application. If that closes it, too, as the shutdown that it has of its own does, it finds what it would
 * find without us: no ERR_SERVER_NOT_RUNNING, and the callback and 'close' when the last connection has ended. Another close is an error.
 */
export function closeOnBehalf(server: net.Server, close: () => unknown): unknown {
  install();
  const state: Closed = { notified: undefined };
  const result = close();
  closed.set(server, state);
  server.prependOnceListener('close', () => {
    state.notified = new Set(server.rawListeners('close'));
  });
  return result;
}

// Here and not at the server: those of HTTP and TLS end here, and an application may have bound its close() long before.
function install(): void {
  if (isInstalled) return;
  isInstalled = true;
  patch<net.Server['close']>(net.Server.prototype, 'close', (original) => {
    return function close(this: net.Server, callback) {
      const state = closed.get(this);
      if (state === undefined || this.listening) return original().call(this, callback);
      closed.delete(this);
      if (typeof callback === 'function') this.once('close', () => callback());
      if (state.notified !== undefined) process.nextTick(notifyOthers, this, state.notified);
      return this;
    };
  });
}

/** Calls the listeners of 'close' that were added after it was emitted. */
function notifyOthers(server: net.Server, notified: ReadonlySet<unknown>): void {
  for (const listener of server.rawListeners('close')) {
    if (!notified.has(listener)) (listener as Listener).call(server);
  }
}
