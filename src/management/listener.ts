import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type RouteAnswer,
  type RouteRequest,
  routeRequestOf,
  sendAnswer,
  textAnswer,
} from '../server/probes/own-route.js';

export interface ManagementListenerParts {
  readonly host: string;
  readonly port: number;
  readonly answer: (request: RouteRequest) => Promise<RouteAnswer>;
  readonly onListening: (address: AddressInfo) => void;
  /** It could not listen, or can no longer. */
  readonly onError: (error: NodeJS.ErrnoException) => void;
}

const methodNotAllowed = textAnswer(405, 'GET and HEAD only', { Allow: 'GET, HEAD' });
const failed = textAnswer(500, 'failed');

/** Listens on the management port; neither the server nor a connection to it keeps the process alive. Returned before it listens. */
export function createManagementListener(parts: ManagementListenerParts): http.Server {
  const server = http.createServer((req, res) => {
    const request = routeRequestOf(req);
    if (request === undefined) {
      sendAnswer(res, false, methodNotAllowed);
      return;
    }
    const send = (answer: RouteAnswer) => void sendAnswer(res, request.method === 'HEAD', answer);
    parts.answer(request).then(send, () => send(failed));
  });
  server.on('connection', (socket) => socket.unref());
  server.on('error', parts.onError);
  server.listen(parts.port, parts.host, () => parts.onListening(server.address() as AddressInfo));
  server.unref();
  return server;
}
