import type { IncomingMessage, ServerResponse } from 'node:http';
import { recordOf } from '../request-record.js';
import type { ServerBindings } from '../server-bindings.js';

export type Handle = (this: unknown, ...args: unknown[]) => unknown;

/** A request at an application whose server was not known: it is recorded from here on, and the server known by it. */
export function runLate(
  app: object,
  bindings: ServerBindings,
  req: IncomingMessage,
  res: ServerResponse,
  proceed: Handle,
  self: unknown,
  args: unknown[],
): unknown {
  if (!isExchange(req, res) || recordOf(req) !== undefined || recordOf(res) !== undefined)
    return proceed.apply(self, args);
  const handler = bindings.handlerOfApp(app);
  if (handler === undefined) return proceed.apply(self, args);
  bindings.claim(req, handler);
  return handler.run(req, res, proceed, self, args);
}

/** False for fakes, as tests make them. */
function isExchange(
  req: Partial<IncomingMessage> | undefined,
  res: Partial<ServerResponse> | undefined,
): boolean {
  return typeof req?.headers === 'object' && typeof res?.end === 'function';
}

const wrapped = new WeakSet<object>();

/** True the first time for an application: it is wrapped once, and which service it belongs to is asked with each request. */
export function isFirstBinding(app: object): boolean {
  if (wrapped.has(app)) return false;
  wrapped.add(app);
  return true;
}
