import {
  type ExpressApp,
  isOfSeveral,
  isUnwritten,
  type Layer,
  type LayerMatch,
  layerLike,
  matchLayer,
  type Route,
  type Router,
} from './layer.js';
import { reconstructTemplate } from './reconstruct.js';
import { templateOfRegexp } from './regexp-template.js';
import { type Chain, chainsTo } from './route-chains.js';

/** What has been worked out about one route. */
interface Known {
  chains: readonly Chain[];
  /** By the prefix as it was requested, for prefixes without parameters. */
  readonly literal: Map<string, Prefix>;
  /** Templates of prefixes with parameters. */
  readonly shaped: (Prefix & { readonly shape: RegExp })[];
  /** Of a route with several paths: each with a layer that matches it alone. */
  alternatives: readonly { readonly pattern: string; readonly layer: Layer }[] | undefined;
  /** How often all routers were searched in vain: not with every request. */
  misses: number;
}

interface Prefix {
  readonly template: string;
  readonly chain: Chain;
  /** The template of the route behind it, where the route has one path: the same text each time, whose hash is known. */
  full: string | undefined;
}

const maxPrefixes = 64;
const maxMisses = 64;

/**
 * Works out the full template of a matched route, and remembers what it can. `roots` are the applications in which one may be mounted
 * that does not know its parent.
 */
export function createRouteTemplates(
  roots: () => Iterable<ExpressApp>,
): (route: Route, app: ExpressApp, baseUrl: string, path: string | undefined) => string | undefined {
  const knownRoutes = new WeakMap<Route, Known>();

  return (route, app, baseUrl, path) => {
    let known = knownRoutes.get(route);
    if (known === undefined) {
      const chains = chainsTo(roots(), app, route);
      known = { chains, literal: new Map(), shaped: [], alternatives: undefined, misses: 0 };
      knownRoutes.set(route, known);
    }
    const prefix =
      known.literal.get(baseUrl) ?? known.shaped.find(({ shape }) => shape.test(baseUrl)) ?? learn(known);
    if (prefix === undefined) return undefined;
    if (prefix.full !== undefined) return prefix.full;
    const isOneOfSeveral = Array.isArray(route.path);
    const own = isOneOfSeveral ? matching(known, route.path, prefix.chain, path) : route.path;
    if (own === undefined) return undefined;
    const full = join(prefix.template, String(own));
    if (!isOneOfSeveral) prefix.full = full;
    return full;

    function learn(to: Known): Prefix | undefined {
      let found = explain(to.chains, baseUrl);
      if (found === undefined && to.misses < maxMisses) {
        // A router may have been mounted once more since.
        to.chains = chainsTo(roots(), app, route);
        found = explain(to.chains, baseUrl);
        if (found === undefined) to.misses += 1;
      }
      return found === undefined || remember(to, baseUrl, found) ? found : undefined;
    }
  };
}

/** False when there are so many that one more could not be believed: a template that was not read but worked out. */
function remember(known: Known, baseUrl: string, prefix: Prefix): boolean {
  if (known.literal.size + known.shaped.length >= maxPrefixes) return !prefix.chain.mounts.some(isUnwritten);
  if (prefix.template === baseUrl) {
    known.literal.set(baseUrl, prefix);
    return true;
  }
  // Where there are several ways, a shape could answer for one that another goes before.
  if (known.chains.length > 1 || prefix.chain.mounts.some(isOfSeveral)) return true;
  const shape = shapeOf(prefix.template);
  if (shape.test(baseUrl)) known.shaped.push({ ...prefix, shape });
  return true;
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
      template += part;
      rest = rest.slice(match.path.replace(/\/$/, '').length);
    }
    if (template !== undefined && rest === '') return { template, chain, full: undefined };
  }
  return undefined;
}

function templateOf(layer: Layer, match: LayerMatch): string | undefined {
  if (match.path === '' || match.path === '/') return '';
  const template =
    match.pattern === undefined
      ? layer.regexp === undefined
        ? reconstructTemplate(layer, match)
        : templateOfRegexp(layer, layer.regexp, match)
      : String(match.pattern);
  if (template === undefined || template === '/') return template && '';
  return template.length > 1 && template.endsWith('/') && !isExpression(template)
    ? template.slice(0, -1)
    : template;
}

/** A regular expression given by the user, as text. */
function isExpression(template: string): boolean {
  return template.startsWith('/^') || !template.startsWith('/');
}

function shapeOf(template: string): RegExp {
  const source = template
    .split('/')
    .map((segment) =>
      /[:*{}()+?\\^$]/.test(segment) ? (segment.includes('*') ? '.+' : '[^/]+') : escaped(segment),
    )
    .join('/');
  return new RegExp(`^${source}$`, 'i');
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Of a route's several paths the first that matches. */
function matching(
  known: Known,
  paths: readonly unknown[],
  { routeLayer, router }: Chain,
  path: string | undefined,
): string | undefined {
  if (routeLayer === undefined || path === undefined) return undefined;
  known.alternatives ??= paths.flat(Number.POSITIVE_INFINITY).map((pattern) => ({
    pattern: String(pattern),
    layer: layerLike(routeLayer, pattern, optionsOf(router)),
  }));
  return known.alternatives.find(({ layer }) => matchLayer(layer, path) !== undefined)?.pattern;
}

function optionsOf(router: Router | undefined) {
  return { end: true, strict: router?.strict === true, sensitive: router?.caseSensitive === true };
}

function join(prefix: string, own: string): string {
  if (prefix === '') return own === '' ? '/' : own;
  return own === '/' || own === '' ? prefix : prefix + (own.startsWith('/') ? own : `/${own}`);
}
