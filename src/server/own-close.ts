import * as net from 'node:net';
import { patch } from '../core/patch.js';

type Listener = (...args: unknown[]) => unknown;

/** A server that this library has closed, and that its application does not know to be closed. */
interface Closed {
  /** The listeners that were told of it; undefined while connections are open. */
  told: ReadonlySet<unknown> | undefined;
}

const closed = new WeakMap<net.Server, Closed>();
let isInstalled = false;

/**
 * Closes a server on behalf of its application. If that closes it, too, as the shutdown that it has of its own does, it finds what it would
 * find without us: no ERR_SERVER_NOT_RUNNING, and the callback and 'close' when the last connection has ended. Another close is an error.
 */
export function closeOnBehalf(server: net.Server, close: () => unknown): unknown {
  install();
  const state: Closed = { told: undefined };
  const result = close();
  closed.set(server, state);
  server.prependOnceListener('close', () => {
    state.told = new Set(server.rawListeners('close'));
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
      if (state.told !== undefined) process.nextTick(tellOthers, this, state.told);
      return this;
    };
  });
}

/** Emits 'close' to those who have not heard of it. */
function tellOthers(server: net.Server, told: ReadonlySet<unknown>): void {
  for (const listener of server.rawListeners('close')) {
    if (!told.has(listener)) (listener as Listener).call(server);
  }
}
