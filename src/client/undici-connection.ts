import { destinationOf } from './destination.js';
import type { Peer } from './outbound-call.js';

const connections = new WeakMap<object, UndiciConnection>();

interface ObservedSocket {
  readonly alpnProtocol?: string | false | null;
  readonly destroyed?: boolean;
  readonly remoteAddress?: string;
  readonly remotePort?: number;
}

/**
 * A connection of undici, as its first request has found it: one that breaks off has forgotten its address by the time the span
 * ends, and asking it each time is four look-ups.
 */
export class UndiciConnection implements Peer {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly protocolVersion: string;
  /** Of a Unix domain socket. */
  readonly path: string | undefined;
  readonly #socket: ObservedSocket;

  constructor(socket: ObservedSocket) {
    this.remoteAddress = socket.remoteAddress;
    this.remotePort = socket.remotePort;
    this.protocolVersion = socket.alpnProtocol === 'h2' ? '2' : '1.1';
    this.path = destinationOf(socket)?.path;
    this.#socket = socket;
  }

  get isDestroyed(): boolean {
    return this.#socket.destroyed !== false;
  }
}

/** What is known of a socket that has carried a request before. */
export function connectionOf(socket: object): UndiciConnection | undefined {
  return connections.get(socket);
}

export function noteConnection(socket: object): UndiciConnection {
  const connection = new UndiciConnection(socket);
  connections.set(socket, connection);
  return connection;
}
