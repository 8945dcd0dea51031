import { takeChannel } from '../../../core/take-over.js';
import { noteException } from '../../exceptions.js';
import { isServer } from '../../is-server.js';
import type { Framework } from '../framework.js';
import { type FastifyApp, watchFastifyRoutes } from './routes.js';

/** fastify 4 and 5. */
export const fastify: Framework<FastifyApp> = {
  name: 'fastify',
  is: (app): app is FastifyApp => {
    const { addHook, inject, server } = (app ?? {}) as Partial<Record<keyof FastifyApp | 'inject', unknown>>;
    return (
      typeof addHook === 'function' &&
      typeof inject === 'function' &&
      typeof server === 'object' &&
      server !== null
    );
  },
  bind(app, bindings, handler) {
    watchFastifyRoutes(app);
    bindings.bindServer(app.server, handler);
    // listen({ host: 'localhost' }) opens a second server with the same listener.
    if (isServer(app.server)) {
      for (const listener of app.server.listeners('request')) bindings.bindApp(listener, handler);
    }
  },
  find: (app, path) => (hasRoute(app, path) ? 'route' : undefined),
  // It takes no more once it has started.
  sizeOf: () => 0,
  watchErrors,
  loggerOf: (app) => (app as { log?: unknown }).log,
};

interface Routes {
  /** fastify >= 4.17. */
  findRoute?(route: { method: string; url: string }): { readonly params?: object } | null;
  hasRoute?(route: { method: string; url: string }): boolean;
}

function hasRoute(app: FastifyApp, path: string): boolean {
  const routes = app as FastifyApp & Routes;
  const route = { method: 'GET', url: path };
  // hasRoute() of fastify 4 takes `/:page` for it, too; what a route has matched by name tells them apart.
  if (routes.findRoute === undefined) return routes.hasRoute?.(route) === true;
  const found = routes.findRoute(route);
  return found !== null && Object.keys(found.params ?? {}).length === 0;
}

interface ErrorHooks {
  addHook(
    name: 'onError',
    hook: (request: { raw: object }, reply: unknown, error: unknown, done: () => void) => void,
  ): unknown;
}

let isChannelWatched = false;

function watchErrors(app: FastifyApp): void {
  try {
    (app as object as ErrorHooks).addHook('onError', (request, _reply, error, done) => {
      noteException(request.raw, error);
      done();
    });
  } catch {
    // An instance that has started takes no more hooks; fastify 5 also says what a handler threw on a channel of its own.
    if (isChannelWatched) return;
    isChannelWatched = true;
    takeChannel('tracing:fastify.request.handler:error', 'exceptions', (message) => {
      const { request, error } = message as { request?: { raw?: unknown }; error?: unknown };
      noteException(request?.raw, error);
    });
  }
}
