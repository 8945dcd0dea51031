import { REQUEST_KEY } from '../../../context/request-context.js';
import { activeContext } from '../../../context/storage.js';
import { like } from '../../../core/like.js';
import { noteExceptionOf } from '../../exceptions.js';
import type { Found } from '../../probes/landscape.js';
import type { RequestRecord } from '../../request-record.js';
import { ANSWERED } from '../../server-bindings.js';
import type { Framework } from '../framework.js';
import { type Handle, isFirstBinding, runLate } from '../late.js';
import { alreadyAnswered, ignoreFurtherAnswer } from './answered.js';
import { expectMatchFor, type HonoApp, nodeMessagesOf, watchHonoRoutes } from './routes.js';

/** Hono on @hono/node-server. */
export const hono: Framework<HonoApp> = {
  name: 'Hono',
  is: (app): app is HonoApp => {
    const { fetch, router } = (app ?? {}) as { fetch?: unknown; router?: { match?: unknown } | null };
    return typeof fetch === 'function' && typeof router === 'object' && typeof router?.match === 'function';
  },
  bind(app, bindings, handler) {
    bindings.bindApp(app, handler);
    if (!isFirstBinding(app)) return;
    watchHonoRoutes(app);
    const { fetch, getPath } = app;
    app.fetch = like(fetch, function (this: unknown, ...args: [object, ...unknown[]]) {
      const messages = nodeMessagesOf(args[0], args[1]);
      if (messages === undefined) return fetch.apply(this as HonoApp, args);
      const { incoming, outgoing } = messages;
      const response = runLate(app, bindings, incoming, outgoing, fetch as Handle, this, args);
      return response === ANSWERED ? alreadyAnswered() : response;
    });
    if (getPath === undefined) return;
    // serve({ fetch: app.fetch }) before instrument(app) kept the fetch() of then; what that asks first is the path.
    app.getPath = like(getPath, function (this: unknown, ...args: [object, { env?: unknown }?]) {
      const messages = nodeMessagesOf(args[0], args[1]?.env);
      if (messages === undefined) return getPath.apply(this as HonoApp, args);
      const { incoming, outgoing } = messages;
      const path = runLate(app, bindings, incoming, outgoing, getPath as Handle, this, args);
      if (path === ANSWERED) {
        ignoreFurtherAnswer(outgoing);
        return getPath.apply(this as HonoApp, args);
      }
      expectMatchFor(incoming);
      return path as string;
    });
  },
  find(app, path) {
    let found: Found;
    for (const route of routesOf(app)) {
      if (route.path !== path) continue;
      // Hono keeps middleware among the routes for all methods, and tells it by its second parameter.
      if (route.method === 'GET' || (route.method === 'ALL' && route.handler.length < 2)) return 'route';
      if (route.method === 'ALL') found = 'mount';
    }
    return found;
  },
  sizeOf: (app) => routesOf(app).length,
  /** Hono asks its error handler, which a user may replace at any time. */
  watchErrors(app) {
    let handler = (app as HonoApp & { errorHandler: Handle }).errorHandler;
    const watching: Handle = function (...args) {
      noteExceptionOf(activeContext().getValue(REQUEST_KEY) as RequestRecord | undefined, args[0]);
      return handler.apply(this, args);
    };
    Object.defineProperty(app, 'errorHandler', {
      configurable: true,
      enumerable: true,
      get: () => watching,
      set(next: Handle) {
        handler = next;
      },
    });
  },
  loggerOf: (app) => (app as { log?: unknown }).log,
};

interface RouteEntry {
  readonly path: string;
  readonly method: string;
  readonly handler: { readonly length: number };
}

function routesOf(app: HonoApp): readonly RouteEntry[] {
  return (app as HonoApp & { readonly routes: readonly RouteEntry[] }).routes;
}
