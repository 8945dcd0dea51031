import { REQUEST_KEY } from '../context/request-context.js';
import { activeContext } from '../context/storage.js';
import type { RequestRecord, RouteReader } from './request-record.js';

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
  fetch(request: unknown, ...rest: unknown[]): unknown;
}

const reader: RouteReader = {
  routeOf: (record: RequestRecord) => routeIn(record.matched as HonoMatch),
};

/**
 * Learns what a Hono router matched. The router replaces its own `match` once it knows its routes, so an accessor stands in its
 * place and keeps whatever the router puts there.
 */
export function watchHonoRoutes(app: HonoApp): void {
  const { router } = app;
  let match = router.match;
  const watched = (method: string, path: string) => {
    const result = match.call(router, method, path);
    const record = activeContext().getValue(REQUEST_KEY) as RequestRecord | undefined;
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
