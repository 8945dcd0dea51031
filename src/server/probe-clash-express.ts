import {
  type ExpressApp,
  type Layer,
  matchLayer,
  nestedRouter,
  type Router,
  routerOf,
} from './express/layer.js';

interface RouteWithMethods {
  readonly path: unknown;
  readonly methods: Readonly<Record<string, boolean>>;
}

const maxDepth = 8;

/**
 * True if the application or a router in it has a literal GET route there, mount prefixes included. A whole application that is
 * mounted in it is beyond reach: express wraps it in a function that says nothing of it.
 */
export function expressDefines(app: ExpressApp, path: string): boolean {
  return routerDefines(routerOf(app), path, 0);
}

function routerDefines(router: Router | undefined, path: string, depth: number): boolean {
  if (router === undefined || depth > maxDepth) return false;
  return router.stack.some((layer) => layerDefines(router, layer, path, depth));
}

function layerDefines(router: Router, layer: Layer, path: string, depth: number): boolean {
  if (layer.route !== undefined) {
    const { methods, path: given } = layer.route as unknown as RouteWithMethods;
    if (methods.get !== true && methods._all !== true) return false;
    const patterns = Array.isArray(given) ? given : [given];
    return patterns.some((pattern) => typeof pattern === 'string' && isSame(router, pattern, path));
  }
  const nested = nestedRouter(layer.handle);
  if (nested === undefined) return false;
  const match = matchLayer(layer, path);
  // A mount such as /:tenant would take anything.
  if (match === undefined || Object.keys(match.params).length > 0) return false;
  const taken = match.path.endsWith('/') ? match.path.slice(0, -1) : match.path;
  return routerDefines(nested, path.slice(taken.length) || '/', depth + 1);
}

function isSame(router: Router, pattern: string, path: string): boolean {
  const a = trimmed(pattern);
  const b = trimmed(path);
  return router.caseSensitive === true ? a === b : a.toLowerCase() === b.toLowerCase();
}

function trimmed(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
