import {
  type ExpressApp,
  type Layer,
  layerLike,
  nestedRouter,
  type Route,
  type Router,
  routerOf,
  withPattern,
} from './layer.js';

/** The layers to pass, from the outermost application to the router that holds the route. */
export interface Chain {
  readonly mounts: readonly Layer[];
  /** The route's own layer and router, to tell which of several paths has matched. */
  readonly routeLayer: Layer | undefined;
  readonly router: Router | undefined;
}

const maxDepth = 16;

/** Every way to a route of an application. `roots` are applications whose routers it may stand in. */
export function chainsTo(roots: Iterable<ExpressApp>, app: ExpressApp, route: Route): Chain[] {
  const inside = search(routerOf(app), (layer) => layer.route === route);
  const chains = inside.length > 0 ? inside : behindFunctions(app);
  const others = [...roots];
  return chains.flatMap((chain) => withMounts(others, app, chain, 0));
}

/** Puts the mounts of whatever an application stands in before a chain inside it. */
function withMounts(roots: readonly ExpressApp[], app: ExpressApp, chain: Chain, depth: number): Chain[] {
  if (depth > maxDepth) return [];
  const { parent, mountpath } = app;
  if (parent !== undefined) {
    const sample = routerOf(parent)?.stack[0];
    if (sample === undefined) return [];
    const paths: unknown[] = Array.isArray(mountpath)
      ? mountpath.flat(Number.POSITIVE_INFINITY)
      : [mountpath];
    return paths.flatMap((path) => {
      const mount = withPattern(
        layerLike(sample, path, { end: false, strict: false, sensitive: false }),
        path,
      );
      return withMounts(roots, parent, { ...chain, mounts: [mount, ...chain.mounts] }, depth + 1);
    });
  }
  // Express does not let an application know that it is inside of a router.
  const outer = roots.flatMap((root) =>
    root === app
      ? []
      : search(routerOf(root), (layer) => layer.handle === app).flatMap((found) =>
          withMounts(roots, root, { ...chain, mounts: [...throughOf(found), ...chain.mounts] }, depth + 1),
        ),
  );
  return [chain, ...outer];
}

function search(router: Router | undefined, isTarget: (layer: Layer) => boolean, depth = 0): Chain[] {
  if (router === undefined || depth > maxDepth) return [];
  const found: Chain[] = [];
  for (const layer of router.stack) {
    if (isTarget(layer)) found.push({ mounts: [], routeLayer: layer, router });
    else if (layer.route === undefined) {
      const inner = search(nestedRouter(layer.handle), isTarget, depth + 1);
      for (const chain of inner) found.push({ ...chain, mounts: [layer, ...chain.mounts] });
    }
  }
  return found;
}

/** A route behind a function of the user's that hands over to a router we cannot see: the mounts of such functions are all there is. */
function behindFunctions(app: ExpressApp): Chain[] {
  const functions = search(
    routerOf(app),
    (layer) => layer.route === undefined && nestedRouter(layer.handle) === undefined,
  );
  return [
    { mounts: [], routeLayer: undefined, router: undefined },
    ...functions.map((found) => ({ mounts: throughOf(found), routeLayer: undefined, router: undefined })),
  ];
}

/** The layers of a chain with the one that it ends at. */
function throughOf({ mounts, routeLayer }: Chain): readonly Layer[] {
  return routeLayer === undefined ? mounts : [...mounts, routeLayer];
}
