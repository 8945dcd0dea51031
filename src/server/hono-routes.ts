import type { IncomingMessage, ServerResponse } from 'node:http';
import { REQUEST_KEY } from '../context/request-context.js';
import { activeContext } from '../context/storage.js';
import { type RequestRecord, type RouteReader, recordOf } from './request-record.js';

interface HonoRoute {
  readonly path: string;
  readonly method: string;
}

/** What a Hono router answers: [[handler, route], parameters] for every middleware and handler on the way. */
type HonoMatch = readonly [readonly (readonly [readonly [unknown, HonoRoute], unknown])[], ...unknown[]];

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
  routeOf: (record: RequestRecord) => routeIn(record.matched as HonoMatch),
};

/**
 * Learns what a Hono router matched. The router replaces its own `match` once it knows its routes, so an accessor stands in its
 * place and keeps whatever the router puts there.
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
      record.reader = reader;
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

/** Says which request the next match is for: a router is asked right after the path, and is told neither request nor context. */
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

/** The last handler of the method itself; middleware is registered for all methods, and `app.all` under a path that is no wildcard. */
function routeIn(match: HonoMatch): string | undefined {
  let fallback: string | undefined;
  for (let index = match[0].length - 1; index >= 0; index -= 1) {
    const route = match[0][index]?.[0][1];
    if (route === undefined) continue;
    if (route.method !== 'ALL') return route.path;
    if (!route.path.endsWith('*')) fallback ??= route.path;
  }
  return fallback;
}
