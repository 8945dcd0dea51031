/**
 * What is read of express' router, in the shapes of express 4 (path-to-regexp 0.1) and express 5 (the router package).
 * Only read: nothing of it is patched.
 */
export interface Layer {
  readonly route?: Route;
  readonly handle: unknown;
  /** router >= 2.3: the path as it was given. */
  readonly rawPath?: unknown;
  /** router: mounted at '/'. */
  readonly slash?: boolean;
  /** express 4. */
  readonly regexp?: RegExp & { fast_slash?: boolean };
  params?: unknown;
  path?: unknown;
  match(path: string): unknown;
  readonly constructor: unknown;
}

export interface Route {
  readonly path: unknown;
}

export interface Router {
  readonly stack: readonly Layer[];
  readonly caseSensitive?: boolean;
  readonly strict?: boolean;
}

export interface ExpressApp {
  (...args: unknown[]): unknown;
  handle(...args: unknown[]): unknown;
  readonly request: object;
  readonly parent?: ExpressApp;
  readonly mountpath?: unknown;
  /** express 4. */
  readonly _router?: Router;
  /** express 5; in express 4 a getter that throws. */
  readonly router?: Router;
}

/** What a layer made of a path. */
export interface LayerMatch {
  /** The part of the path that it took. */
  readonly path: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The pattern as given, where the router keeps it. */
  readonly pattern: unknown;
}

/** Asks a layer to match. Older routers answer on the layer itself, where a request under way may still read it: that is put back. */
export function matchLayer(layer: Layer, path: string): LayerMatch | undefined {
  if (layer.slash === true || layer.regexp?.fast_slash === true)
    return { path: '', params: {}, pattern: '/' };
  const { params, path: matchedPath } = layer;
  try {
    const result = layer.match(path);
    if (typeof result === 'object' && result !== null) return result as LayerMatch;
    if (result !== true) return undefined;
    return {
      path: String(layer.path ?? ''),
      params: { ...(layer.params as Record<string, unknown> | undefined) },
      pattern: layer.rawPath,
    };
  } catch {
    return undefined;
  } finally {
    if (layer.params !== params) layer.params = params;
    if (layer.path !== matchedPath) layer.path = matchedPath;
  }
}

/** The router of an application, undefined before its first route or middleware. */
export function routerOf(app: ExpressApp): Router | undefined {
  return app._router ?? (Object.hasOwn(app, 'router') ? routerProperty(app) : undefined);
}

function routerProperty(app: ExpressApp): Router | undefined {
  try {
    const { router } = app;
    return router !== undefined && Array.isArray(router.stack) ? router : undefined;
  } catch {
    return undefined;
  }
}

/** A router that a layer hands over to, whether a Router or a whole application. */
export function nestedRouter(handle: unknown): Router | undefined {
  if (typeof handle !== 'function') return undefined;
  const { stack } = handle as unknown as Partial<Router>;
  if (Array.isArray(stack)) return handle as unknown as Router;
  return isExpressApp(handle) ? routerOf(handle) : undefined;
}

/** Never throws: it is asked of any listener of any server. */
export function isExpressApp(value: unknown): value is ExpressApp {
  if (typeof value !== 'function') return false;
  try {
    const app = value as unknown as Record<string, unknown>;
    return (
      typeof app.handle === 'function' &&
      typeof app.set === 'function' &&
      typeof app.request === 'object' &&
      app.request !== null
    );
  } catch {
    return false;
  }
}

const noop = () => {};

/** A layer of the same class for another pattern, so that a pattern is matched exactly as its router would. */
export function layerLike(
  layer: Layer,
  pattern: unknown,
  options: { end: boolean; strict: boolean; sensitive: boolean },
): Layer {
  const LayerClass = layer.constructor as new (
    pattern: unknown,
    options: object,
    handle: () => void,
  ) => Layer;
  return new LayerClass(pattern, options, noop);
}

/** A layer whose router does not keep the pattern, with the pattern that it was made of. */
export function withPattern(layer: Layer, pattern: unknown): Layer {
  return layer.rawPath === undefined
    ? (Object.create(layer, { rawPath: { value: pattern } }) as Layer)
    : layer;
}

/** True for a layer that was given several paths. */
export function isOfSeveral({ rawPath, regexp }: Layer): boolean {
  return Array.isArray(rawPath) || (rawPath === undefined && regexp?.source.includes('|^') === true);
}

/** True for a layer that keeps nothing of what it was given: that of the router package before 2.3. */
export function isUnwritten({ rawPath, regexp, slash }: Layer): boolean {
  return rawPath === undefined && regexp === undefined && slash !== true;
}

/** The application at the top of those that it is mounted in. */
export function topOf(app: ExpressApp): ExpressApp {
  return app.parent === undefined ? app : topOf(app.parent);
}
