import { destinationOf } from '../destination.js';
import type { Peer, Reader } from '../outbound-call.js';

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
export class UndiciConnection implements Peer, Reader {
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

  /** True while undici has stopped its parser, because the handler of the response has had enough for now. */
  get isBehind(): boolean {
    const socket = this.#socket as Record<symbol, { paused?: unknown } | null | undefined>;
    return Object.getOwnPropertySymbols(socket).some(
      (symbol) => symbol.description === 'parser' && socket[symbol]?.paused === true,
    );
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
