import type { Socket } from 'node:net';
import type { InFlight } from './in-flight.js';
import type { RequestRecord } from './request-record.js';
import { isHeadSent } from './sent-response.js';

type Write = (this: Socket, chunk?: unknown, ...rest: unknown[]) => unknown;

const names = ['write', 'end'] as const;

/** True for a request that asks for a WebSocket. */
export function isForWebSocket({ headers }: RequestRecord): boolean {
  return headers.upgrade?.toLowerCase().includes('websocket') === true;
}

/**
 * Without a listener for 'upgrade' on its server, a request for a WebSocket is an ordinary request. Its handler may give the connection
 * to a WebSocket library, and the response gets no event. The first bytes written to the connection are then the answer: with 101 the
 * request has ended, and the connection is followed as one that has left HTTP. Until that write our methods are on the connection.
 */
export function watchRawAnswer(record: RequestRecord, inFlight: Pick<InFlight, 'upgraded'>): void {
  const { socket } = record.req;
  const watched = names.map((name) => {
    const method = socket[name] as Write;
    const watcher: Write = function (this: Socket, ...args) {
      for (const unwatch of watched) unwatch();
      note(args[0]);
      return method.apply(this, args as [unknown]);
    };
    const before = Object.getOwnPropertyDescriptor(socket, name);
    Object.defineProperty(socket, name, {
      value: watcher,
      writable: true,
      configurable: true,
      enumerable: before?.enumerable ?? false,
    });
    return () => {
      if ((socket[name] as Write) !== watcher) return;
      if (before === undefined) delete (socket as Partial<Socket>)[name];
      else Object.defineProperty(socket, name, before);
    };
  });

  function note(chunk: unknown): void {
    if (record.isEnded || isHeadSent(record.res)) return;
    const status = Number(/^HTTP\/1\.\d (\d{3})/.exec(String(chunk).slice(0, 12))?.[1] ?? 0);
    record.statusCode = status;
    record.isComplete = status !== 0;
    if (status !== 101) return;
    inFlight.upgraded(socket);
    record.closed();
  }
}
