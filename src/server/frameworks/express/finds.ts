import type { Found } from '../../probes/landscape.js';
import { type ExpressApp, type Layer, matchLayer, nestedRouter, type Router, routerOf } from './layer.js';

interface RouteWithMethods {
  readonly path: unknown;
  readonly methods: Readonly<Record<string, boolean>>;
}

const maxDepth = 8;

/**
 * What the application or a router in it has at a path, mount prefixes included. Of a whole application that is mounted in it no more is
 * seen than where it stands: express wraps it in a function that says nothing of it.
 */
export function expressFinds(app: ExpressApp, path: string): Found {
  return findIn(routerOf(app), path, 0);
}

/** How many layers the application has, those of its routers and routes included. */
export function expressSize(app: ExpressApp): number {
  return sizeOf(routerOf(app), 0);
}

function sizeOf(router: Router | undefined, depth: number): number {
  if (router === undefined || depth > maxDepth) return 0;
  let size = router.stack.length;
  for (const { route, handle } of router.stack) {
    const { stack } = (route ?? {}) as Partial<Router>;
    size += route === undefined ? sizeOf(nestedRouter(handle), depth + 1) : (stack?.length ?? 0);
  }
  return size;
}

function findIn(router: Router | undefined, path: string, depth: number): Found {
  if (router === undefined || depth > maxDepth) return undefined;
  let found: Found;
  for (const layer of router.stack) {
    const here =
      layer.route === undefined ? mountAt(layer, path, depth) : routeAt(router, layer, path) && 'route';
    if (here === 'route') return here;
    found ??= here;
  }
  return found;
}

function routeAt(router: Router, layer: Layer, path: string): true | undefined {
  const { methods, path: given } = layer.route as unknown as RouteWithMethods;
  if (methods.get !== true && methods._all !== true) return undefined;
  const patterns = Array.isArray(given) ? given : [given];
  return (
    patterns.some((pattern) => typeof pattern === 'string' && isSame(router, pattern, path)) || undefined
  );
}

function mountAt(layer: Layer, path: string, depth: number): Found {
  const match = matchLayer(layer, path);
  // A mount such as /:tenant would take anything.
  if (match === undefined || Object.keys(match.params).length > 0) return undefined;
  const taken = match.path.endsWith('/') ? match.path.slice(0, -1) : match.path;
  const inside = findIn(nestedRouter(layer.handle), path.slice(taken.length) || '/', depth + 1);
  return inside ?? (taken === '' ? undefined : 'mount');
}

function isSame(router: Router, pattern: string, path: string): boolean {
  const a = trimmed(pattern);
  const b = trimmed(path);
  return router.caseSensitive === true ? a === b : a.toLowerCase() === b.toLowerCase();
}

function trimmed(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
