import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Follower } from './follower.js';
import { isServer } from './is-server.js';

type End = (this: unknown, ...args: unknown[]) => unknown;

/**
 * True for a response that Node's server did not make for a connection of its own, and need not close: that of a function in the
 * cloud, of a test, or `new ServerResponse(req)`. `self` is what the request was taken from.
 */
export function isMadeUp(req: IncomingMessage, res: ServerResponse, self: unknown): boolean {
  if ((res as { stream?: unknown }).stream !== undefined) return false;
  const { parser } = (req.socket ?? {}) as { parser?: unknown };
  if (parser === undefined || parser === null) return true;
  // Without the connection it may also wait for its turn; only a server knows.
  return !res.socket && !isServer(self);
}

/** Ends a follower when its response ends: it may emit nothing at all. Only until then is there a method of ours on the response. */
export function closeWithEnd(follower: Follower): void {
  const { res } = follower;
  const end = res.end as End;
  if (typeof end !== 'function') return;
  const before = Object.getOwnPropertyDescriptor(res, 'end');
  const watched: End = function (this: unknown, ...args) {
    const result = end.apply(this, args);
    // Undefined on a fake without this property.
    if (res.writableEnded === false) return result;
    if ((res.end as End) === watched) {
      if (before === undefined) delete (res as Partial<ServerResponse>).end;
      else Object.defineProperty(res, 'end', before);
    }
    follower.finished();
    follower.closed();
    return result;
  };
  Reflect.defineProperty(res, 'end', {
    value: watched,
    writable: true,
    configurable: true,
    enumerable: before?.enumerable ?? false,
  });
}
