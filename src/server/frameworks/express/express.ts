import type { IncomingMessage, ServerResponse } from 'node:http';
import { like } from '../../../core/like.js';
import type { Framework } from '../framework.js';
import { type Handle, isFirstBinding, runLate } from '../late.js';
import { watchExpressExceptions } from './errors.js';
import { expressFinds, expressSize } from './finds.js';
import { type ExpressApp, isExpressApp } from './layer.js';
import { watchExpressRoutes } from './routes.js';

/** express 4 and 5. */
export const express: Framework<ExpressApp> = {
  name: 'express',
  is: isExpressApp,
  bind(app, bindings, handler) {
    bindings.bindApp(app, handler);
    if (!isFirstBinding(app)) return;
    watchExpressRoutes(app);
    // A listener of the user's own, such as http.createServer((req, res) => app(req, res)), says nothing of the application behind it
    // until the first request gets there.
    const handle = app.handle as Handle;
    app.handle = like(handle, function (this: unknown, ...args: unknown[]) {
      const [req, res] = args as [IncomingMessage, ServerResponse];
      return runLate(app, bindings, req, res, handle, this, args);
    });
  },
  find: expressFinds,
  sizeOf: expressSize,
  watchErrors: watchExpressExceptions,
  loggerOf: () => undefined,
};
