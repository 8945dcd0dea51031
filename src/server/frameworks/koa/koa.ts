import type { IncomingMessage, ServerResponse } from 'node:http';
import { noteException } from '../../exceptions.js';
import { replaceMethod } from '../../replaced-method.js';
import { ANSWERED } from '../../server-bindings.js';
import type { Framework } from '../framework.js';
import { type Handle, isFirstBinding, runLate } from '../late.js';
import { type KoaApp, noteKoaContext, watchKoaRoutes } from './routes.js';

/** Koa 2 and 3, with @koa/router or koa-router, and koa-mount. */
export const koa: Framework<KoaApp> = {
  name: 'Koa',
  is: (app): app is KoaApp => {
    const { callback, handleRequest, context } = (app ?? {}) as Partial<Record<keyof KoaApp, unknown>>;
    return (
      typeof callback === 'function' &&
      typeof handleRequest === 'function' &&
      typeof context === 'object' &&
      context !== null
    );
  },
  bind(app, bindings, handler) {
    bindings.bindApp(app, handler);
    if (!isFirstBinding(app)) return;
    watchKoaRoutes(app);
    replaceMethod(app, 'callback', (callback) => {
      return function (this: KoaApp) {
        const listener = callback.call(this) as object;
        const current = bindings.handlerOfApp(this);
        if (current !== undefined) bindings.bindApp(listener, current);
        return listener;
      };
    });
    replaceMethod(app, 'handleRequest', (handleRequest) => {
      const handle: Handle = function (...args) {
        noteKoaContext(args[0] as object);
        return (handleRequest as Handle).apply(this, args);
      };
      return function (this: KoaApp, context, run) {
        const { req, res } = context as { req: IncomingMessage; res: ServerResponse };
        const result = runLate(this, bindings, req, res, handle, this, [context, run]);
        return result === ANSWERED ? Promise.resolve() : result;
      };
    });
  },
  find: (app, path) => {
    const isAt = ({ path: own, methods }: RouterLayer) => own === path && methods.includes('GET');
    return routersOf(app).some(({ stack }) => stack.some(isAt)) ? 'route' : undefined;
  },
  sizeOf: (app) => {
    const inRouters = routersOf(app).reduce((sum, { stack }) => sum + stack.length, 0);
    return (app as KoaApp & WithMiddleware).middleware.length + inRouters;
  },
  /** Koa says every error to the application, as its users do with those that they answer themselves. */
  watchErrors(app) {
    const emitter = app as KoaApp & { emit: Handle };
    const { emit } = emitter;
    emitter.emit = function (this: unknown, ...args) {
      const [event, error, context] = args as [unknown, unknown, { req?: unknown } | undefined];
      if (event === 'error') noteException(context?.req, error);
      return emit.apply(this, args);
    };
  },
  loggerOf: (app) => (app as { log?: unknown }).log,
};

interface RouterLayer {
  readonly path: unknown;
  readonly methods: readonly string[];
}

/** @koa/router and koa-router hang it on the middleware that `routes()` makes. */
interface Router {
  readonly stack: readonly RouterLayer[];
}

interface WithMiddleware {
  readonly middleware: readonly { readonly router?: Router }[];
}

function routersOf(app: KoaApp): readonly Router[] {
  return (app as KoaApp & WithMiddleware).middleware.flatMap(({ router }) => router ?? []);
}
