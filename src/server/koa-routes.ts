import { type RequestRecord, type RouteReader, recordOf } from './request-record.js';

interface KoaContext {
  readonly req: object;
  /** Set by koa-mount while a mounted application runs. */
  readonly mountPath?: string;
}

/** What is read of a Koa application. */
export interface KoaApp {
  readonly context: object;
  callback(): (...args: unknown[]) => unknown;
  handleRequest(context: KoaContext, run: unknown): unknown;
}

const routeKey = Symbol('golden-signals.koa.route');

const reader: RouteReader = {
  routeOf: (record: RequestRecord) => record.matched as string,
};

/**
 * Learns which route a Koa router matched: @koa/router and koa-router leave it, prefixes included, in `ctx._matchedRoute`; each
 * application has a prototype of its own for its contexts, where an accessor sees it.
 */
export function watchKoaRoutes(app: KoaApp): void {
  if (Object.hasOwn(app.context, '_matchedRoute')) return;
  interface Context extends KoaContext {
    [routeKey]?: unknown;
  }
  Object.defineProperty(app.context, '_matchedRoute', {
    configurable: true,
    enumerable: true,
    get(this: Context) {
      return this[routeKey];
    },
    set(this: Context, route: unknown) {
      this[routeKey] = route;
      const record = recordOf(this.req);
      if (record === undefined || record === null || route === undefined) return;
      const prefix = this.mountPath ?? '';
      record.matched = (prefix.endsWith('/') ? prefix.slice(0, -1) : prefix) + String(route);
      record.reader = reader;
    },
  });
}
