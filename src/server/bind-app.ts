import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe } from '../core/check.js';
import { like } from '../core/like.js';
import { GoldenSignalsError } from '../errors.js';
import { watchExpressRoutes } from './express/express-routes.js';
import { type ExpressApp, isExpressApp } from './express/layer.js';
import { type FastifyApp, watchFastifyRoutes } from './fastify-routes.js';
import { expectMatchFor, type HonoApp, nodeMessagesOf, watchHonoRoutes } from './hono-routes.js';
import { isServer } from './is-server.js';
import { type KoaApp, noteKoaContext, watchKoaRoutes } from './koa-routes.js';
import { alreadyAnswered, ignoreFurtherAnswer } from './probe-hono.js';
import { replaceMethod } from './replaced-method.js';
import { recordOf } from './request-record.js';
import { ANSWERED, type RequestHandler, type ServerBindings } from './server-bindings.js';

interface NestApp {
  getHttpAdapter(): { getInstance(): unknown };
  getHttpServer(): object;
}

type Handle = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Binds whatever a user hands to instrument() to the handler of its requests.
 * @throws GoldenSignalsError `ERR_GS_APP` for anything that is no application or server known here.
 */
export function bindApp(app: unknown, bindings: ServerBindings, handler: RequestHandler): void {
  if (isServer(app)) bindings.bindServer(app, handler);
  else if (isExpressApp(app)) bindExpress(app, bindings, handler);
  else if (isFastify(app)) bindFastify(app, bindings, handler);
  else if (isKoa(app)) bindKoa(app, bindings, handler);
  else if (isHono(app)) bindHono(app, bindings, handler);
  else if (isNest(app)) {
    bindApp(app.getHttpAdapter().getInstance(), bindings, handler);
    bindings.bindServer(app.getHttpServer(), handler);
  } else {
    throw new GoldenSignalsError(
      'ERR_GS_APP',
      `instrument() got ${received(app)}; it takes an express, fastify, Koa, Hono or NestJS application, an http, https or http2 ` +
        'server, or nothing at all',
    );
  }
}

const wrapped = new WeakSet<object>();

/** True the first time for an application: it is wrapped once, and whose it is is asked with each request. */
function isNew(app: object): boolean {
  if (wrapped.has(app)) return false;
  wrapped.add(app);
  return true;
}

function bindExpress(app: ExpressApp, bindings: ServerBindings, handler: RequestHandler): void {
  bindings.bindApp(app, handler);
  if (!isNew(app)) return;
  watchExpressRoutes(app);
  // A listener of the user's own, such as http.createServer((req, res) => app(req, res)), says nothing of the application behind it
  // until the first request gets there.
  const handle = app.handle as Handle;
  app.handle = like(handle, function (this: unknown, ...args: unknown[]) {
    const [req, res] = args as [IncomingMessage, ServerResponse];
    return late(app, bindings, req, res, handle, this, args);
  });
}

/** A request at an application whose server was not known: it is recorded from here on, and the server known by it. */
function late(
  app: object,
  bindings: ServerBindings,
  req: IncomingMessage,
  res: ServerResponse,
  proceed: Handle,
  self: unknown,
  args: unknown[],
): unknown {
  if (!isExchange(req, res) || recordOf(req) !== undefined || recordOf(res) !== undefined)
    return proceed.apply(self, args);
  const handler = bindings.handlerOfApp(app);
  if (handler === undefined) return proceed.apply(self, args);
  bindings.claim(req, handler);
  return handler.run(req, res, proceed, self, args);
}

/** False for stand-ins, as a test may make them, that nothing can be learned of. */
function isExchange(
  req: Partial<IncomingMessage> | undefined,
  res: Partial<ServerResponse> | undefined,
): boolean {
  return typeof req?.headers === 'object' && typeof res?.end === 'function';
}

function bindFastify(app: FastifyApp, bindings: ServerBindings, handler: RequestHandler): void {
  watchFastifyRoutes(app);
  bindings.bindServer(app.server, handler);
  // listen({ host: 'localhost' }) opens a second server with the same listener.
  if (isServer(app.server)) {
    for (const listener of app.server.listeners('request')) bindings.bindApp(listener, handler);
  }
}

function bindKoa(app: KoaApp, bindings: ServerBindings, handler: RequestHandler): void {
  bindings.bindApp(app, handler);
  if (!isNew(app)) return;
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
      const result = late(this, bindings, req, res, handle, this, [context, run]);
      return result === ANSWERED ? Promise.resolve() : result;
    };
  });
}

function bindHono(app: HonoApp, bindings: ServerBindings, handler: RequestHandler): void {
  bindings.bindApp(app, handler);
  if (!isNew(app)) return;
  watchHonoRoutes(app);
  const { fetch, getPath } = app;
  app.fetch = like(fetch, function (this: unknown, ...args: [object, ...unknown[]]) {
    const messages = nodeMessagesOf(args[0], args[1]);
    if (messages === undefined) return fetch.apply(this as HonoApp, args);
    const response = late(app, bindings, messages.incoming, messages.outgoing, fetch as Handle, this, args);
    return response === ANSWERED ? alreadyAnswered() : response;
  });
  if (getPath === undefined) return;
  // serve({ fetch: app.fetch }) before instrument(app) kept the fetch() of then; what that asks first is the path.
  app.getPath = like(getPath, function (this: unknown, ...args: [object, { env?: unknown }?]) {
    const messages = nodeMessagesOf(args[0], args[1]?.env);
    if (messages === undefined) return getPath.apply(this as HonoApp, args);
    const { incoming, outgoing } = messages;
    const path = late(app, bindings, incoming, outgoing, getPath as Handle, this, args);
    if (path === ANSWERED) {
      ignoreFurtherAnswer(outgoing);
      return getPath.apply(this as HonoApp, args);
    }
    expectMatchFor(incoming);
    return path as string;
  });
}

function isFastify(app: unknown): app is FastifyApp {
  return (
    isObject(app) &&
    typeof app.addHook === 'function' &&
    typeof app.inject === 'function' &&
    isObject(app.server)
  );
}

function isKoa(app: unknown): app is KoaApp {
  return (
    isObject(app) &&
    typeof app.callback === 'function' &&
    typeof app.handleRequest === 'function' &&
    isObject(app.context)
  );
}

function isHono(app: unknown): app is HonoApp {
  return (
    isObject(app) &&
    typeof app.fetch === 'function' &&
    isObject(app.router) &&
    typeof app.router.match === 'function'
  );
}

function isNest(app: unknown): app is NestApp {
  return isObject(app) && typeof app.getHttpAdapter === 'function' && typeof app.getHttpServer === 'function';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** With a hint at what it may have been meant to be. */
function received(app: unknown): string {
  if (!isObject(app)) return describe(app);
  if (typeof app.then === 'function') return 'a promise: await it first';
  if (isObject(app.default) || typeof app.default === 'function')
    return `${describe(app)}: is its default export meant?`;
  const keys = Object.keys(app);
  if (keys.length === 0) return `${describe(app)} without properties`;
  return `${describe(app)} with ${keys.slice(0, 5).join(', ')}${keys.length > 5 ? ', …' : ''}`;
}
