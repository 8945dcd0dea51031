import type { ServerResponse } from 'node:http';

/**
 * What an application's fetch() returns when Node's own response is already under way: @hono/node-server then writes nothing. The class
 * is the global one of the moment, which that adapter replaces by its own; asked for its body, its own forgets the shortcut that would
 * write after all.
 */
export function alreadyAnswered(): Response {
  const response = new Response(null, { headers: { 'x-hono-already-sent': 'true' } });
  void response.body;
  return response;
}

/**
 * Lets an application finish a request that is answered already, where there is no way to keep it from that: what it writes goes nowhere.
 * Only the response's own methods are hidden; an answer of ours that is still to come uses those of its class.
 */
export function ignoreFurtherAnswer(res: ServerResponse): void {
  Object.assign(res, {
    writeHead: () => res,
    flushHeaders() {},
    write: () => true,
    end: () => res,
  });
}
