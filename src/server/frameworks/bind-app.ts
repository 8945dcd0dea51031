import { describe } from '../../core/check.js';
import { GoldenSignalsError } from '../../errors.js';
import { isServer } from '../is-server.js';
import type { RequestHandler, ServerBindings } from '../server-bindings.js';
import { frameworkOf, innermost, isNest } from './known.js';

/**
 * Binds whatever a user hands to instrument() to the handler of its requests.
 * @throws GoldenSignalsError `ERR_GS_APP` for anything that is no application or server known here.
 */
export function bindApp(app: unknown, bindings: ServerBindings, handler: RequestHandler): void {
  const framework = frameworkOf(app);
  if (isServer(app)) bindings.bindServer(app, handler);
  else if (framework !== undefined) framework.bind(app as object, bindings, handler);
  else if (isNest(app)) {
    bindApp(innermost(app), bindings, handler);
    bindings.bindServer(app.getHttpServer(), handler);
  } else {
    throw new GoldenSignalsError(
      'ERR_GS_APP',
      `instrument() got ${received(app)}; it takes an express, fastify, Koa, Hono or NestJS application, an http, https or http2 ` +
        'server, or nothing at all',
    );
  }
}

/** With a hint at what it may have been meant to be. */
function received(app: unknown): string {
  if (typeof app !== 'object' || app === null) return describe(app);
  const { then, default: exported } = app as { then?: unknown; default?: unknown };
  if (typeof then === 'function') return 'a promise: await it first';
  if ((typeof exported === 'object' && exported !== null) || typeof exported === 'function')
    return `${describe(app)}: is its default export meant?`;
  const keys = Object.keys(app);
  if (keys.length === 0) return `${describe(app)} without properties`;
  return `${describe(app)} with ${keys.slice(0, 5).join(', ')}${keys.length > 5 ? ', …' : ''}`;
}
