import type { ServerResponse } from 'node:http';
import { like } from '../../../core/like.js';
import { type RequestRecord, type RouteReader, recordOf } from '../../request-record.js';
import { isHeadSent } from '../../sent-response.js';
import { type ExpressApp, type Layer, type Route, routerOf, topOf } from './layer.js';
import { createRouteTemplates } from './route-template.js';

/** What the router has called last, kept as it was at that moment. */
interface Matched {
  readonly route: Route;
  readonly app: ExpressApp;
  /** What was left of the path for a route that has several to choose from. */
  readonly path: string | undefined;
}

interface Request {
  readonly route?: unknown;
  readonly baseUrl?: string;
  readonly originalUrl?: string;
  readonly url: string;
}

type Handle = (this: Layer, req: Request & object, res: ServerResponse, next: unknown) => unknown;

/** Whichever of the two names a layer's way with requests has: express 4, express 5. */
const layerMethods = ['handle_request', 'handleRequest'] as const;
const watchedLayers = new WeakSet<object>();
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
  routeOf({ matched, baseUrl }: RequestRecord) {
    const { route, app, path } = matched as Matched;
    return templateOf(route, app, baseUrl, path);
  },
};

/** For a request of which no route was called: a handler of app.param() may have answered before. */
const unreached: RouteReader = {
  routeOf({ req, outerUrl }: RequestRecord) {
    const { route } = req as object as Request;
    return isRoute(route)
      ? templateOf(route, appOf(req), baseUrlOf(req, outerUrl), pathFor(route, req as object as Request))
      : undefined;
  },
};

/** False for what an application has put in the place of express' own. */
function isRoute(value: unknown): value is Route {
  const { dispatch, stack } = (value ?? {}) as { dispatch?: unknown; stack?: unknown };
  return typeof dispatch === 'function' && Array.isArray(stack);
}

/**
 * Learns which route a request takes, in express 4 and 5, whether a route was added before or after, also in an application that
 * stands in a router: a layer of the router that has a route calls its handlers by one method, on the class that all layers of this
 * express share. `req.route` is the application's own, which writes to it and asks whether it is there.
 */
export function watchExpressRoutes(app: ExpressApp): void {
  if (watched.has(app)) return;
  watched.add(app);
  roots.add(new WeakRef(topOf(app)));
  let isFound = watchLayersOf(app);
  const handle = app.handle as (this: unknown, ...args: unknown[]) => unknown;
  // Without a route or a middleware there is no layer yet: it is looked for when a request comes.
  app.handle = like(handle, function (this: unknown, ...args: unknown[]) {
    try {
      if (!isFound) isFound = watchLayersOf(app);
      noteApp(args[0] as Request & object);
    } catch {
      // A fake request, or something that is not a router.
    }
    return handle.apply(this, args);
  });
}

function noteApp(req: Request & object): void {
  const record = recordOf(req);
  if (record === undefined || record === null || record.reader !== undefined) return;
  record.reader = unreached;
  const { baseUrl, originalUrl, url } = req;
  // A request that was made up may have one that no router has taken from its path.
  if (originalUrl === url) record.outerUrl = baseUrl;
}

/** False where the application has no layer yet. */
function watchLayersOf(app: ExpressApp): boolean {
  for (const layer of routerOf(app)?.stack ?? []) {
    const { prototype } = layer.constructor as { prototype: object };
    for (const name of layerMethods) if (Object.hasOwn(prototype, name)) return watchLayers(prototype, name);
  }
  return false;
}

function watchLayers(prototype: object, name: (typeof layerMethods)[number]): true {
  if (watchedLayers.has(prototype)) return true;
  watchedLayers.add(prototype);
  const methods = prototype as Record<string, Handle>;
  const method = methods[name] as Handle;
  methods[name] = function (this: Layer, req, res, next) {
    if (this.route !== undefined) tryToNote(this.route, req, res);
    return method.call(this, req, res, next);
  };
  return true;
}

function tryToNote(route: Route, req: Request & object, res: ServerResponse): void {
  try {
    note(route, req, res);
  } catch {
    // What cannot be read is left out.
  }
}

function note(route: Route, req: Request & object, res: ServerResponse): void {
  const record = recordOf(req) ?? recordOf(res);
  if (record === undefined || record === null || record.isEnded) return;
  // What is called behind the answer is not what has answered.
  if (record.reader === reader && isHeadSent(res)) return;
  record.matched = { route, app: appOf(req), path: pathFor(route, req) } satisfies Matched;
  record.baseUrl = baseUrlOf(req, record.outerUrl);
  record.reader = reader;
}

/** The application whose prototype express has given a request: an `app` of its own may be anything. */
function appOf(req: object): ExpressApp {
  return (Object.getPrototypeOf(req) as { readonly app: ExpressApp }).app;
}

function baseUrlOf(req: object, outer: string | undefined): string {
  const { baseUrl = '' } = req as Request;
  return outer !== undefined && baseUrl.startsWith(outer) ? baseUrl.slice(outer.length) : baseUrl;
}

function pathFor({ path }: Route, req: Request): string | undefined {
  return Array.isArray(path) ? withoutQuery(req.url) : undefined;
}

function withoutQuery(url: string): string {
  const question = url.indexOf('?');
  return question < 0 ? url : url.slice(0, question);
}
