import { IncomingMessage } from 'node:http';
import { type RequestRecord, type RouteReader, recordOf } from '../request-record.js';
import { type ExpressApp, type Route, topOf } from './layer.js';
import { createRouteTemplates } from './route-template.js';

/** What the router had matched last, kept as it was at that moment. */
interface Matched {
  readonly route: Route;
  /** What `req.route` reads. */
  current: Route | undefined;
  readonly app: ExpressApp;
  /** What was left of the path for a route that has several to choose from. */
  readonly path: string | undefined;
}

interface Request {
  [routeKey]?: Route | undefined;
  readonly baseUrl?: string;
  readonly url: string;
}

const routeKey = Symbol('golden-signals.express.route');
const watched = new WeakSet<ExpressApp>();
// Applications live as long as their process, but for tests that make one after another.
const roots = new Set<WeakRef<ExpressApp>>();

const templateOf = createRouteTemplates(function* () {
  for (const root of roots) {
    const app = root.deref();
    if (app === undefined) roots.delete(root);
    else yield app;
  }
});

const reader: RouteReader = {
  routeOf(record: RequestRecord) {
    const { route, app, path } = record.matched as Matched;
    return templateOf(route, app, record.baseUrl, path);
  },
};

/**
 * Learns which route a request takes: express assigns `req.route` when one matches. An accessor on the prototype that all requests of
 * this express share sees every match, in express 4 and 5, whether a route was added before or after, also in an application that
 * stands in a router and so inherits from no other; a request of an application that is not instrumented has no record.
 */
export function watchExpressRoutes(app: ExpressApp): void {
  if (watched.has(app)) return;
  watched.add(app);
  roots.add(new WeakRef(topOf(app)));
  const prototype = requestPrototypeOf(app);
  if (Object.hasOwn(prototype, 'route')) return;
  Object.defineProperty(prototype, 'route', {
    configurable: true,
    enumerable: true,
    get(this: Request) {
      const record = recordOf(this);
      return record?.reader === reader ? (record.matched as Matched).current : this[routeKey];
    },
    // express gives each request a prototype of its app's, and with it a hidden class that no other request has. No cache of the
    // engine's knows it: on Node 20 one more property on it costs 4 µs, and each that is read more than it would elsewhere.
    set(this: Request, route: Route | undefined) {
      const record = recordOf(this);
      if (record === undefined || record === null) this[routeKey] = route;
      else if (route !== undefined) {
        const { app } = Object.getPrototypeOf(this) as { readonly app: ExpressApp };
        const path = Array.isArray(route.path) ? withoutQuery(this.url) : undefined;
        record.matched = { route, current: route, app, path } satisfies Matched;
        record.baseUrl = this.baseUrl ?? '';
        record.reader = reader;
      } else if (record.reader === reader) (record.matched as Matched).current = undefined;
    },
  });
}

/** The last prototype before that of Node's own requests. */
function requestPrototypeOf(app: ExpressApp): object {
  let prototype = app.request;
  for (;;) {
    const parent: object | null = Object.getPrototypeOf(prototype);
    if (parent === null) return app.request;
    if (parent === IncomingMessage.prototype) return prototype;
    prototype = parent;
  }
}

function withoutQuery(url: string): string {
  const question = url.indexOf('?');
  return question < 0 ? url : url.slice(0, question);
}
