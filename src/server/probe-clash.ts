import { subscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import type { Clock } from '../core/clock.js';
import { isExpressApp } from './express/layer.js';
import { expressDefines } from './probe-clash-express.js';

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

/** Routes may still be added after the first probe, so an answer counts no longer than this. */
const trustMs = 1_000;

/**
 * Knows whether an application has a GET route of its own at a path: a literal one, for `/:page` and `*` are not meant for it. Looked
 * up when a probe asks, so that it does not matter when routes are added; what cannot be looked into has none.
 * @see health.md, section 1, "Clash"
 */
export class AppRoutes {
  readonly #clock: Clock;
  // The service may live longer than an application that has joined it.
  #apps: WeakRef<object>[] = [];
  readonly #byServer = new WeakMap<object, Map<string, { readonly isTaken: boolean; readonly at: number }>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `app` is what was handed to instrument(). */
  add(app: unknown): void {
    const target = isNest(app) ? app.getHttpAdapter().getInstance() : app;
    if ((typeof target === 'object' && target !== null) || typeof target === 'function')
      this.#apps.push(new WeakRef(target));
  }

  /** Adds the instances of fastify that are there, and every one that is made from here on: a server says nothing of the one behind it. */
  addEveryFastify(known: readonly object[]): void {
    for (const app of known) this.add(app);
    subscribe('fastify.initialization', (message) => this.add((message as { fastify?: unknown }).fastify));
  }

  /** True if there is none, or none is there any more. */
  get isEmpty(): boolean {
    return this.#apps.every((ref) => ref.deref() === undefined);
  }

  /** Whether what listens on this server has a route of its own there. Never throws. */
  isTaken(server: object, path: string): boolean {
    let known = this.#byServer.get(server);
    if (known === undefined) {
      known = new Map();
      this.#byServer.set(server, known);
    }
    const now = this.#clock.now();
    const last = known.get(path);
    // A route that is there stays there.
    if (last !== undefined && (last.isTaken || now - last.at < trustMs)) return last.isTaken;
    const isTaken = this.#appsOf(server).some((app) => defines(app, path));
    known.set(path, { isTaken, at: now });
    return isTaken;
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

function defines(app: object, path: string): boolean {
  try {
    if (isExpressApp(app)) return expressDefines(app, path);
    if (isFastify(app)) return fastifyDefines(app, path);
    if (isKoa(app)) return koaDefines(app, path);
    return isHono(app) && honoDefines(app, path);
  } catch {
    // A shape of some other version: it cannot be looked into.
    return false;
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

function honoDefines(app: HonoLike, path: string): boolean {
  return app.routes.some((route) => {
    if (route.path !== path) return false;
    // Hono keeps middleware among the routes for all methods, and tells it by its second parameter.
    return route.method === 'GET' || (route.method === 'ALL' && route.handler.length < 2);
  });
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
