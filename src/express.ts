import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Options } from './service/options.js';
import { sharedRegistry } from './service/registry.js';
import type { Signals } from './service/signals.js';

/** A middleware for `app.use()`, with the handle of its service beside it. */
export interface ExpressSignals {
  (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void): void;
  readonly signals: Signals;
}

/**
 * instrument() in express' own idiom: `app.use(expressSignals(options))`, anywhere among the middleware.
 * The service begins with this call; the application is bound to it by the first request that gets here.
 *
 * @throws GoldenSignalsError `ERR_GS_OPTION`
 */
export function expressSignals(options?: Options): ExpressSignals {
  const pending = sharedRegistry().prepare(options);
  const middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => {
    pending.enter(rootOf(req), req, res, next);
  };
  return Object.assign(middleware, { signals: pending.signals });
}

interface App {
  readonly parent?: App;
}

/** The outermost application: a middleware may stand in one that is mounted. */
function rootOf(req: IncomingMessage): App | undefined {
  let { app } = req as IncomingMessage & { app?: App };
  while (app?.parent !== undefined) app = app.parent;
  return app;
}
