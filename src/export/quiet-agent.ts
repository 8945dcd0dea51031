import * as http from 'node:http';
import * as https from 'node:https';
import type { Socket } from 'node:net';
import { markQuiet } from '../context/suppressed.js';
import type { OtlpConfig } from './otlp-config.js';

/** What an agent does with sockets, which its type does not show. */
interface SocketKeeper {
  createConnection(...args: unknown[]): Socket | undefined;
  reuseSocket(socket: Socket, request: http.ClientRequest): void;
}

/** A keep-alive agent whose sockets do not keep the process alive, also while a collector does not answer. */
export function createQuietAgent(url: URL, tls: OtlpConfig['tls']): http.Agent | https.Agent {
  const agent =
    url.protocol === 'https:'
      ? new https.Agent({ keepAlive: true, ...tls })
      : new http.Agent({ keepAlive: true });
  const keeper = agent as unknown as SocketKeeper;
  const { createConnection, reuseSocket } = keeper;
  keeper.createConnection = function (...args) {
    const socket = createConnection.apply(this, args);
    socket?.unref();
    // Trying the next address of a host name makes a new handle of it.
    socket?.once('connect', () => socket.unref());
    return socket;
  };
  keeper.reuseSocket = function (socket, request) {
    reuseSocket.call(this, socket, request);
    socket.unref();
  };
  return markQuiet(agent);
}
