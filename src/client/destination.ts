import { Socket } from 'node:net';
import type { Faults } from '../core/faults.js';
import { patch } from '../core/patch.js';

/** What a connection was asked to be made to. */
export interface Destination {
  /** Of a Unix domain socket. */
  readonly path: string | undefined;
  readonly host: string;
  readonly port: number;
}

const destinations = new WeakMap<object, Destination>();

/** Notes where each new connection of this process goes: a socket forgets the name that it was given, and has no path to show. */
export function observeConnections(faults: Faults): void {
  patch<(this: Socket, ...args: unknown[]) => Socket>(Socket.prototype, 'connect', (original) => {
    return function (...args) {
      try {
        const destination = destinationIn(args);
        if (destination !== undefined) destinations.set(this, destination);
      } catch (error) {
        faults.caught('client.connect', error);
      }
      return original().apply(this, args);
    };
  });
}

/** Undefined for a connection that was made before it was observed, or in another way. */
export function destinationOf(socket: object): Destination | undefined {
  return destinations.get(socket);
}

/** The arguments of connect(): options, or in a list as Node hands them on; else a port and a host, or a path. */
function destinationIn(args: readonly unknown[]): Destination | undefined {
  const first = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (typeof first === 'object' && first !== null) {
    const { path, host, port } = first as { path?: unknown; host?: unknown; port?: unknown };
    return typeof path === 'string' && path !== '' ? toPath(path) : toPort(port, host);
  }
  return typeof first === 'string' && Number.isNaN(Number(first)) ? toPath(first) : toPort(first, args[1]);
}

function toPath(path: string): Destination {
  return { path, host: '', port: 0 };
}

function toPort(port: unknown, host: unknown): Destination | undefined {
  const number = Number(port);
  if (!(number > 0)) return undefined;
  return { path: undefined, host: typeof host === 'string' ? host.toLowerCase() : 'localhost', port: number };
}
