import { REQUEST_KEY } from '../context/request-context.js';
import { activeContext } from '../context/storage.js';
import { takeChannel } from '../core/take-over.js';
import { noteException, noteExceptionOf } from './exceptions.js';
import { watchExpressExceptions } from './express/express-exceptions.js';
import { type ExpressApp, isExpressApp } from './express/layer.js';
import type { RequestRecord } from './request-record.js';

type Anything = (...args: unknown[]) => unknown;

/** What is read of the applications whose errors can be heard. */
interface App {
  readonly addHook?: unknown;
  readonly emit?: unknown;
  readonly handleRequest?: unknown;
  readonly errorHandler?: unknown;
  readonly getHttpAdapter?: unknown;
}

const watched = new WeakSet<object>();

/**
 * Hears of the exceptions that handlers of an express, fastify, Koa or Hono application throw, before the application answers them in
 * whatever way it does. Called for applications of a service that exports log records, and for no other.
 */
export function watchExceptions(app: unknown): void {
  if ((typeof app !== 'object' && typeof app !== 'function') || app === null || watched.has(app)) return;
  watched.add(app);
  const { addHook, emit, handleRequest, errorHandler, getHttpAdapter } = app as App;
  if (isExpressApp(app)) watchExpressExceptions(app as ExpressApp);
  else if (typeof addHook === 'function') watchFastify(app as object as FastifyHooks);
  else if (typeof handleRequest === 'function' && typeof emit === 'function')
    watchKoa(app as { emit: Anything });
  else if (typeof errorHandler === 'function') watchHono(app as { errorHandler: Anything });
  else if (typeof getHttpAdapter === 'function')
    watchExceptions((getHttpAdapter.call(app) as { getInstance(): unknown }).getInstance());
}

interface FastifyHooks {
  addHook(
    name: 'onError',
    hook: (request: { raw: object }, reply: unknown, error: unknown, done: () => void) => void,
  ): unknown;
}

let isChannelWatched = false;

function watchFastify(app: FastifyHooks): void {
  try {
    app.addHook('onError', (request, _reply, error, done) => {
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

/** Koa says every error to the application, as its users do with those that they answer themselves. */
function watchKoa(app: { emit: Anything }): void {
  const { emit } = app;
  app.emit = function (this: unknown, ...args) {
    const [event, error, context] = args as [unknown, unknown, { req?: unknown } | undefined];
    if (event === 'error') noteException(context?.req, error);
    return emit.apply(this, args);
  };
}

/** Hono asks its error handler, which a user may replace at any time. */
function watchHono(app: { errorHandler: Anything }): void {
  let handler = app.errorHandler;
  const heard: Anything = function (this: unknown, ...args) {
    noteExceptionOf(activeContext().getValue(REQUEST_KEY) as RequestRecord | undefined, args[0]);
    return handler.apply(this, args);
  };
  Object.defineProperty(app, 'errorHandler', {
    configurable: true,
    enumerable: true,
    get: () => heard,
    set(next: Anything) {
      handler = next;
    },
  });
}
