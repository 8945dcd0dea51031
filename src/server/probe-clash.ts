import type { EventEmitter } from 'node:events';
import { takeChannel } from '../core/take-over.js';
import { isExpressApp } from './express/layer.js';
import { expressFinds, expressSize } from './probe-clash-express.js';
import { type Found, Landscape } from './probe-landscape.js';

interface FastifyLike {
  readonly server: unknown;
  /** fastify >= 4.17. */
  findRoute?(route: { method: string; url: string }): { readonly params?: object } | null;
  hasRoute?(route: { method: string; url: string }): boolean;
}

interface KoaLike {
  readonly middleware: readonly unknown[];
}

/** @koa/router and koa-router hang it on the middleware that `routes()` makes. */
interface KoaRouter {
  readonly stack: readonly { readonly path: unknown; readonly methods: readonly string[] }[];
}

interface HonoLike {
  readonly routes: readonly {
    readonly path: string;
    readonly method: string;
    readonly handler: { readonly length: number };
  }[];
}

/**
 * Knows what the applications behind a server have at a path, as far as they can be looked into, at the moment of the question.
 * @see health.md, section 1, "Clash"
 */
export class AppRoutes {
  // The service may live longer than an application that has joined it.
  #apps: WeakRef<object>[] = [];

  /** `app` is what was handed to instrument(). */
  add(app: unknown): void {
    const target = isNest(app) ? app.getHttpAdapter().getInstance() : app;
    if ((typeof target === 'object' && target !== null) || typeof target === 'function')
      this.#apps.push(new WeakRef(target));
  }

  /** Adds the instances of fastify that are there, and every one that is made from here on: a server says nothing of the one behind it. */
  addEveryFastify(known: readonly object[]): void {
    for (const app of known) this.add(app);
    takeChannel('fastify.initialization', 'probes', (message) =>
      this.add((message as { fastify?: unknown }).fastify),
    );
  }

  /** True if there is none, or none is there any more. */
  get isEmpty(): boolean {
    return this.#apps.every((ref) => ref.deref() === undefined);
  }

  /** What stands at this path behind this server. Never throws. */
  find(server: object, path: string): Found {
    let found: Found;
    for (const app of this.#appsOf(server)) {
      const here = findIn(app, path);
      if (here === 'route') return here;
      found ??= here;
    }
    return found;
  }

  /** Never throws. */
  landscapeOf(server: object): Landscape {
    let size = 0;
    for (const app of this.#appsOf(server)) size += sizeOf(app);
    return new Landscape(listenersOf(server), size);
  }

  /** Those that are known to listen there; else each whose server is not known may be the one. */
  #appsOf(server: object): readonly object[] {
    this.#apps = this.#apps.filter((ref) => ref.deref() !== undefined);
    const apps = this.#apps.flatMap((ref) => ref.deref() ?? []);
    const listeners = listenersOf(server);
    const own = [
      ...listeners.filter(isExpressApp),
      ...apps.filter((app) => isServedBy(app, server, listeners)),
    ];
    return own.length > 0 ? own : apps.filter((app) => (app as Partial<FastifyLike>).server === undefined);
  }
}

function listenersOf(server: unknown): readonly unknown[] {
  const { listeners } = (server ?? {}) as Partial<EventEmitter>;
  return typeof listeners === 'function' ? listeners.call(server, 'request') : [];
}

/** fastify knows its server; for 'localhost' it opens a second one with the same listener. */
function isServedBy(app: object, server: object, listeners: readonly unknown[]): boolean {
  const { server: own } = app as Partial<FastifyLike>;
  return own === server || listenersOf(own).some((listener) => listeners.includes(listener));
}

function findIn(app: object, path: string): Found {
  try {
    if (isExpressApp(app)) return expressFinds(app, path);
    if (isFastify(app)) return fastifyDefines(app, path) ? 'route' : undefined;
    if (isKoa(app)) return koaDefines(app, path) ? 'route' : undefined;
    return isHono(app) ? honoFinds(app, path) : undefined;
  } catch {
    // A shape of some other version: it cannot be looked into.
    return undefined;
  }
}

/** How much of routes and middleware an application has. fastify takes no more once it has started. */
function sizeOf(app: object): number {
  try {
    if (isExpressApp(app)) return expressSize(app);
    if (isKoa(app)) return koaSize(app);
    return isHono(app) ? app.routes.length : 0;
  } catch {
    return 0;
  }
}

function fastifyDefines(app: FastifyLike, path: string): boolean {
  const route = { method: 'GET', url: path };
  // hasRoute() of fastify 4 takes `/:page` for it, too; what a route has matched by name tells them apart.
  if (app.findRoute === undefined) return app.hasRoute?.(route) === true;
  const found = app.findRoute(route);
  return found !== null && Object.keys(found.params ?? {}).length === 0;
}

function koaDefines(app: KoaLike, path: string): boolean {
  for (const middleware of app.middleware) {
    const { router } = middleware as { router?: KoaRouter };
    if (router?.stack.some((layer) => layer.path === path && layer.methods.includes('GET'))) return true;
  }
  return false;
}

function koaSize(app: KoaLike): number {
  let size = app.middleware.length;
  for (const middleware of app.middleware) {
    const { router } = middleware as { router?: KoaRouter };
    size += router?.stack.length ?? 0;
  }
  return size;
}

function honoFinds(app: HonoLike, path: string): Found {
  let found: Found;
  for (const route of app.routes) {
    if (route.path !== path) continue;
    // Hono keeps middleware among the routes for all methods, and tells it by its second parameter.
    if (route.method === 'GET' || (route.method === 'ALL' && route.handler.length < 2)) return 'route';
    if (route.method === 'ALL') found = 'mount';
  }
  return found;
}

function isFastify(app: object): app is FastifyLike {
  const { findRoute, hasRoute } = app as Partial<FastifyLike>;
  return typeof findRoute === 'function' || typeof hasRoute === 'function';
}

function isKoa(app: object): app is KoaLike {
  return Array.isArray((app as Partial<KoaLike>).middleware);
}

function isHono(app: object): app is HonoLike {
  return Array.isArray((app as Partial<HonoLike>).routes);
}

function isNest(app: unknown): app is { getHttpAdapter(): { getInstance(): unknown } } {
  return typeof (app as { getHttpAdapter?: unknown } | undefined)?.getHttpAdapter === 'function';
}
