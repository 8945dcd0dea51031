import type { IncomingMessage, ServerResponse } from 'node:http';
import { REQUEST_KEY } from '../../../context/request-context.js';
import { activeContext } from '../../../context/storage.js';
import { type RequestRecord, type RouteReader, recordOf } from '../../request-record.js';

interface HonoRoute {
  readonly path: string;
  readonly method: string;
  readonly handler: Handler;
}

type Handler = (this: unknown, context: HonoContext, next: () => unknown) => unknown;

interface HonoContext {
  readonly env?: { readonly incoming?: IncomingMessage };
  readonly req: { readonly raw: object };
}

/** A handler with its route, as the application has given it to its router. */
type Entry = [handler: Handler, route: HonoRoute];

/** What a Hono router answers: [[entry, …], parameters] for every middleware and handler on the way. */
type HonoMatch = readonly [readonly (readonly [Entry, ...unknown[]])[], ...unknown[]];

interface HonoRouter {
  match(method: string, path: string): HonoMatch;
}

/** What is read of a Hono application. */
export interface HonoApp {
  router: HonoRouter;
  fetch(request: object, ...rest: unknown[]): unknown;
  /** Asked for the path of every request, with what fetch() was given. */
  getPath?(request: object, options?: { env?: unknown }): string;
}

/** Node's own objects of a request, as @hono/node-server hands them on. */
export interface NodeMessages {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

const watchedRouters = new WeakSet<HonoRouter>();

const reader: RouteReader = {
  routeOf({ matched, entered }: RequestRecord) {
    return entered === undefined ? undefined : routeIn(matched as HonoMatch, entered as Entry);
  },
};

/**
 * Learns what a Hono router matched, and by a function around each handler how far the request got in it: a router gives all that
 * matches, and what stands last may never be asked. The router replaces its own `match` once it knows its routes, so an accessor
 * stands in its place and keeps whatever the router puts there.
 */
export function watchHonoRoutes({ router }: HonoApp): void {
  if (watchedRouters.has(router)) return;
  watchedRouters.add(router);
  let match = router.match;
  const watched = (method: string, path: string) => {
    const result = match.call(router, method, path);
    const record = atHand ?? (activeContext().getValue(REQUEST_KEY) as RequestRecord | undefined);
    atHand = undefined;
    if (record !== undefined) {
      record.matched = result;
      record.entered = undefined;
      record.reader = reader;
      watchHandlers(result);
    }
    return result;
  };
  Object.defineProperty(router, 'match', {
    configurable: true,
    enumerable: true,
    get: () => watched,
    set(next: HonoRouter['match']) {
      match = next;
    },
  });
}

/** The record of the request whose path is being matched. */
let atHand: RequestRecord | undefined;

/** Sets the request that the next match is for: Hono asks its router right after the path, without the request or the context. */
export function expectMatchFor(incoming: IncomingMessage): void {
  atHand = recordOf(incoming) ?? undefined;
}

/**
 * The messages behind a request of Hono: in the second argument of fetch(), or, where the user calls fetch() with the request
 * alone, behind a symbol of the adapter's, with the response that Node is then answering.
 */
export function nodeMessagesOf(request: object, env: unknown): NodeMessages | undefined {
  const { incoming, outgoing } = (env ?? {}) as Partial<NodeMessages>;
  if (incoming !== undefined && outgoing !== undefined) return { incoming, outgoing };
  for (const symbol of Object.getOwnPropertySymbols(request)) {
    if (symbol.description !== 'incomingKey') continue;
    const found = (request as Record<symbol, IncomingMessage | undefined>)[symbol];
    const current = (found?.socket as { _httpMessage?: ServerResponse } | undefined)?._httpMessage;
    if (found !== undefined && current?.req === found) return { incoming: found, outgoing: current };
  }
  return undefined;
}

function watchHandlers([entries]: HonoMatch): void {
  for (const [entry] of entries) {
    // Another function than the route's is ours already.
    if (entry[0] === entry[1].handler) entry[0] = watched(entry);
  }
}

function watched(entry: Entry): Handler {
  const [handler] = entry;
  const mayPass = takesNext(handler);
  return function (this: unknown, context, next) {
    const record = recordOfContext(context);
    if (record === undefined || record === null) return handler.call(this, context, next);
    record.entered = entry;
    if (!mayPass || !isLast(record.matched as HonoMatch, entry)) return handler.call(this, context, next);
    return handler.call(this, context, () => {
      // Behind the last of all it is answered by what answers for no route.
      record.entered = undefined;
      return next();
    });
  };
}

function recordOfContext({ env, req }: HonoContext): RequestRecord | null | undefined {
  const incoming = env?.incoming ?? nodeMessagesOf(req.raw, env)?.incoming;
  return incoming === undefined
    ? (activeContext().getValue(REQUEST_KEY) as RequestRecord | undefined)
    : recordOf(incoming);
}

function isLast([entries]: HonoMatch, entry: Entry): boolean {
  return entries[entries.length - 1]?.[0] === entry;
}

/**
 * The route that a request got to: what it entered last; or, where middleware has answered, the route that this stood in front of, and
 * else its own path. What stands in front of everything is no route.
 */
function routeIn([entries]: HonoMatch, entered: Entry): string | undefined {
  const [, own] = entered;
  if (isRoute(own)) return own.path;
  const at = entries.findIndex(([entry]) => entry === entered);
  for (let index = at + 1; index < entries.length; index += 1) {
    const route = entries[index]?.[0][1];
    if (route !== undefined && isRoute(route) && !route.path.endsWith('*')) return route.path;
  }
  return own.path === '*' || own.path === '/*' ? undefined : own.path;
}

/** Middleware is registered for all methods, and takes a second parameter to pass on by. */
function isRoute({ method, handler }: HonoRoute): boolean {
  return method !== 'ALL' || !takesNext(handler);
}

function takesNext(handler: Handler): boolean {
  // A handler of an application in this one, where that handles errors itself.
  const { __COMPOSED_HANDLER: inner = handler } = handler as { __COMPOSED_HANDLER?: Handler };
  return inner.length > 1;
}
