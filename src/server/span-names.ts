import type { Method } from '../metrics/http-methods.js';

// Templates are few. In an application that adds routes without end, names past the bound are not cached.
const maxRoutes = 1_000;

/** Names spans `{method} {route}`: the same text each time, which is neither joined nor flattened again for each of them. */
export function createSpanNames(): (method: Method, route: string) => string {
  const byRoute = new Map<string, string[]>();
  return ({ index, spanName }, route) => {
    let names = byRoute.get(route);
    if (names === undefined) {
      names = [];
      if (byRoute.size < maxRoutes) byRoute.set(route, names);
    }
    let name = names[index];
    if (name === undefined) {
      name = `${spanName} ${route}`;
      names[index] = name;
    }
    return name;
  };
}
