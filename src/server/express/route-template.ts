import {
  type ExpressApp,
  type Layer,
  type LayerMatch,
  layerLike,
  matchLayer,
  nestedRouter,
  type Route,
  type Router,
  routerOf,
} from './layer.js';
import { reconstructTemplate } from './reconstruct.js';

/** The layers to pass, from the outermost application to the router that holds the route. */
interface Chain {
  readonly mounts: readonly Layer[];
  /** The route's own layer and router, to tell which of several paths has matched. */
  readonly routeLayer: Layer | undefined;
  readonly router: Router | undefined;
}

/** What has been worked out about one route. */
interface Known {
  chains: readonly Chain[];
  /** Templates of prefixes without parameters, by the prefix itself. */
  readonly literal: Map<string, Prefix>;
  /** Templates of prefixes with parameters. */
  readonly patterns: Prefix[];
  /** How often a search was in vain: it is given up before it becomes a cost of every request. */
  misses: number;
}

interface Prefix {
  readonly template: string;
  readonly shape: RegExp;
  readonly chain: Chain;
}

const maxPrefixes = 64;
const maxMisses = 64;
const maxDepth = 16;

/** Works out the full template of a matched route, once for each route and mount prefix, and remembers it. */
export function createRouteTemplates(
  root: ExpressApp,
): (route: Route, app: ExpressApp, baseUrl: string, path: string) => string | undefined {
  const knownRoutes = new WeakMap<Route, Known>();

  return (route, app, baseUrl, path) => {
    let known = knownRoutes.get(route);
    if (known === undefined) {
      known = { chains: chainsTo(root, app, route), literal: new Map(), patterns: [], misses: 0 };
      knownRoutes.set(route, known);
    }
    const prefix =
      known.literal.get(baseUrl) ?? known.patterns.find(({ shape }) => shape.test(baseUrl)) ?? learn(known);
    if (prefix === undefined) return undefined;
    const own = ownTemplate(route, prefix.chain, path.slice(baseUrl.length));
    return own === undefined ? undefined : join(prefix.template, own);

    function learn(to: Known): Prefix | undefined {
      if (to.misses >= maxMisses || to.literal.size + to.patterns.length >= maxPrefixes) return undefined;
      let found = explain(to.chains, baseUrl);
      if (found === undefined) {
        // A router may have been mounted once more since.
        to.chains = chainsTo(root, app, route);
        found = explain(to.chains, baseUrl);
      }
      if (found === undefined) to.misses += 1;
      else if (found.template === baseUrl) to.literal.set(baseUrl, found);
      else to.patterns.push(found);
      return found;
    }
  };
}

function explain(chains: readonly Chain[], baseUrl: string): Prefix | undefined {
  for (const chain of chains) {
    let template: string | undefined = '';
    let rest = baseUrl;
    for (const mount of chain.mounts) {
      const match = matchLayer(mount, rest);
      const part: string | undefined = match === undefined ? undefined : templateOf(mount, match);
      if (match === undefined || part === undefined) {
        template = undefined;
        break;
      }
      template = join(template, part);
      rest = rest.slice(match.path.replace(/\/$/, '').length);
    }
    if (template !== undefined && rest === '') return { template, shape: shapeOf(template), chain };
  }
  return undefined;
}

function templateOf(layer: Layer, match: LayerMatch): string | undefined {
  if (match.path === '' || match.path === '/') return '';
  if (match.pattern !== undefined) return withoutTrailingSlash(String(match.pattern));
  const template = reconstructTemplate(layer, match);
  if (template !== undefined) return withoutTrailingSlash(template);
  // express 4 keeps the expression that a mount was given.
  return layer.regexp === undefined ? undefined : String(layer.regexp);
}

function shapeOf(template: string): RegExp {
  const source = template
    .split('/')
    .map((segment) =>
      /[:*{}()+?\\^$]/.test(segment) ? (segment.includes('*') ? '.+' : '[^/]+') : escaped(segment),
    )
    .join('/');
  // A regular expression given by the user has no segments to compare: it only ever stands for itself.
  return template.startsWith('/^') ? /(?!)/ : new RegExp(`^${source}$`, 'i');
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** The route's own part: its path as given, of several the first that matches. */
function ownTemplate(route: Route, chain: Chain, path: string): string | undefined {
  const { path: own } = route;
  if (!Array.isArray(own)) return own === undefined ? undefined : String(own);
  const { routeLayer, router } = chain;
  if (routeLayer === undefined) return undefined;
  const rest = path === '' ? '/' : path;
  for (const pattern of own.flat(Number.POSITIVE_INFINITY)) {
    const options = { end: true, strict: router?.strict === true, sensitive: router?.caseSensitive === true };
    if (matchLayer(layerLike(routeLayer, pattern, options), rest) !== undefined) return String(pattern);
  }
  return undefined;
}

/** Every way from the outermost application to the route. */
function chainsTo(root: ExpressApp, app: ExpressApp, route: Route): Chain[] {
  const inside = search(routerOf(app), (layer) => layer.route === route);
  const chains = inside.length > 0 ? inside : opaque(app);
  return chains.flatMap((chain) => withMounts(root, app, chain));
}

/** Puts the mounts of an application's ancestors in front of a chain inside it. */
function withMounts(root: ExpressApp, app: ExpressApp, chain: Chain): Chain[] {
  if (app === root) return [chain];
  const { parent, mountpath } = app;
  if (parent !== undefined) {
    const sample = routerOf(parent)?.stack[0];
    if (sample === undefined) return [];
    const paths: unknown[] = Array.isArray(mountpath)
      ? mountpath.flat(Number.POSITIVE_INFINITY)
      : [mountpath];
    return paths.flatMap((path) => {
      const mount = layerLike(sample, path, { end: false, strict: false, sensitive: false });
      const known = mount.rawPath === undefined ? withPattern(mount, path) : mount;
      return withMounts(root, parent, { ...chain, mounts: [known, ...chain.mounts] });
    });
  }
  // Mounted inside a router, where express keeps no parent.
  return search(routerOf(root), (layer) => layer.handle === app).map((outer) => ({
    ...chain,
    mounts: [...outer.mounts, ...(outer.routeLayer === undefined ? [] : [outer.routeLayer]), ...chain.mounts],
  }));
}

/** A layer whose router does not keep the pattern, with the pattern that it was made of. */
function withPattern(layer: Layer, pattern: unknown): Layer {
  return Object.create(layer, { rawPath: { value: pattern } }) as Layer;
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
function opaque(app: ExpressApp): Chain[] {
  const chains: Chain[] = [{ mounts: [], routeLayer: undefined, router: undefined }];
  for (const layer of routerOf(app)?.stack ?? []) {
    if (layer.route === undefined && nestedRouter(layer.handle) === undefined) {
      chains.push({ mounts: [layer], routeLayer: undefined, router: undefined });
    }
  }
  return chains;
}

function join(prefix: string, own: string): string {
  if (prefix === '') return own === '' ? '/' : own;
  return own === '/' || own === '' ? prefix : prefix + (own.startsWith('/') ? own : `/${own}`);
}

function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
