import { type RequestRecord, type RouteReader, recordOf } from '../request-record.js';
import type { ExpressApp, Route } from './layer.js';
import { createRouteTemplates } from './route-template.js';

/** What the router had matched last, kept as it was at that moment. */
interface Matched {
  readonly route: Route;
  readonly app: ExpressApp;
}

const routeKey = Symbol('golden-signals.express.route');

/**
 * Learns which route a request takes: express assigns `req.route` when one matches, and requests of an application have its own
 * `app.request` as their prototype. An accessor there sees every match, in express 4 and 5, whether a route was added before or
 * after, and costs a request nothing else.
 */
export function watchExpressRoutes(app: ExpressApp): void {
  const templateOf = createRouteTemplates(app);
  const reader: RouteReader = {
    routeOf(record: RequestRecord) {
      const { route, app: owner } = record.matched as Matched;
      const question = record.url.indexOf('?');
      return templateOf(
        route,
        owner,
        record.baseUrl,
        question < 0 ? record.url : record.url.slice(0, question),
      );
    },
  };

  interface Request {
    [routeKey]?: Route;
    baseUrl?: string;
    app: ExpressApp;
  }
  Object.defineProperty(app.request, 'route', {
    configurable: true,
    enumerable: true,
    get(this: Request) {
      return this[routeKey];
    },
    set(this: Request, route: Route | undefined) {
      this[routeKey] = route as Route;
      const record = recordOf(this);
      if (record === undefined || record === null || route === undefined) return;
      record.matched = { route, app: this.app } satisfies Matched;
      record.baseUrl = this.baseUrl ?? '';
      record.reader = reader;
    },
  });
}
