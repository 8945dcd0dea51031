import { like } from '../../../core/like.js';
import { noteException } from '../../exceptions.js';
import { type ExpressApp, routerOf } from './layer.js';

type Handle = (this: unknown, ...args: unknown[]) => unknown;

interface UsableApp extends ExpressApp {
  handle: Handle;
  use(handler: (error: unknown, req: object, res: object, next: (error: unknown) => void) => void): unknown;
}

/** Whichever of the two names a layer's way with errors has: express 4, express 5. */
const layerMethods = ['handle_error', 'handleError'] as const;
const watchedLayers = new WeakSet<object>();

// Layers are never removed, so that requests under way keep their place in the stack. The bound is for applications that add routes
// without end.
const maxTails = 16;

/**
 * Observes what handlers throw or pass to next(). An error goes from layer to layer of the stack until one answers it, so every layer
 * reports the error that it gets. A layer of our own at the end, which passes the error on, ensures that there is one.
 */
export function watchExpressExceptions(given: ExpressApp): void {
  const app = given as UsableApp;
  const { handle } = app;
  let tails = 0;
  // Its four parameters are what express knows a handler of errors by.
  const tail = (error: unknown, req: object, _res: object, next: (error: unknown) => void) => {
    noteException(req, error);
    next(error);
  };
  app.handle = like(handle, function (this: unknown, ...args: Parameters<typeof handle>) {
    const stack = routerOf(app)?.stack;
    const last = stack?.[stack.length - 1];
    if (last !== undefined && last.handle !== tail && tails < maxTails) {
      tails += 1;
      app.use(tail);
      watchLayers((last.constructor as { prototype: object }).prototype);
    }
    return handle.apply(this, args);
  });
}

/** Patches the class that all layers of this express share, as the accessor of its routes does: layers emit no events. */
function watchLayers(prototype: object): void {
  if (watchedLayers.has(prototype)) return;
  watchedLayers.add(prototype);
  const methods = prototype as Record<string, Handle | undefined>;
  for (const name of layerMethods) {
    const method = methods[name];
    if (typeof method !== 'function') continue;
    methods[name] = function (this: unknown, ...args) {
      noteException(args[1], args[0]);
      return method.apply(this, args);
    };
  }
}
