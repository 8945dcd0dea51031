import { type RequestRecord, type RouteReader, recordOf } from '../../request-record.js';
import { mountsOf, watchKoaMounts } from './mounts.js';

/** Of @koa/router and koa-router: a route, or middleware of a router, which has no methods. */
interface Layer {
  readonly path: unknown;
  readonly methods: readonly string[];
  readonly regexp?: RegExp;
}

interface KoaContext {
  readonly req: object;
  readonly method: string;
  readonly request: object;
  /** The path of the layer that a router has entered last, the prefixes of its routers included. */
  readonly _matchedRoute?: unknown;
  /** What the routers matched, in the order in which it is entered. */
  readonly matched?: readonly Layer[];
}

/** What is read of a Koa application. */
export interface KoaApp {
  readonly context: object;
  readonly request: object;
  callback(): (...args: unknown[]) => unknown;
  handleRequest(context: KoaContext, run: unknown): unknown;
}

const reader: RouteReader = {
  routeOf(record: RequestRecord) {
    const context = record.matched as KoaContext;
    const { _matchedRoute: entered, request } = context;
    if (entered === undefined || entered === null) return undefined;
    const layer = routeLayerOf(context, entered);
    const prefix = mountsOf(request, layer?.regexp);
    return prefix + String(layer === undefined ? entered : layer.path);
  },
};

/**
 * Learns which route a Koa router matched: @koa/router and koa-router leave in the context what they have entered, and it is read there
 * when the request ends. Called for each context before its application runs.
 */
export function noteKoaContext(context: object): void {
  const record = recordOf((context as KoaContext).req);
  if (record === undefined || record === null) return;
  record.matched = context;
  record.reader = reader;
}

/** Learns besides below which prefixes an application's routers run. */
export function watchKoaRoutes({ request }: KoaApp): void {
  watchKoaMounts(request);
}

/**
 * The route behind the layer that was entered last: the layer itself; or, where middleware of a router has answered, the route it was
 * entered for, as its own path is an expression of the router's.
 */
function routeLayerOf({ matched, method }: KoaContext, entered: unknown): Layer | undefined {
  if (!Array.isArray(matched)) return undefined;
  const layers = matched as readonly Layer[];
  const isRoute = ({ methods }: Layer) => methods.includes(method);
  const own = layers.find((layer) => layer.path === entered && isRoute(layer));
  if (own !== undefined) return own;
  const at = layers.findIndex(({ path }) => path === entered);
  return layers.slice(at + 1).find(isRoute) ?? layers.findLast(isRoute);
}
