import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMethods, DEFAULT_METHODS } from '../../src/metrics/http-methods.js';
import { createSpanNames } from '../../src/server/span-names.js';

const methodOf = createMethods(DEFAULT_METHODS);

test('names a span by method and route, the first time and ever after', () => {
  const nameOf = createSpanNames();
  const methods = fc.constantFrom('GET', 'POST', 'QUERY', 'PROPFIND');
  const routes = fc.constantFrom('/', '/orders/:id', '/orders');
  fc.assert(
    fc.property(methods, routes, (method, route) => {
      const expected = method === 'PROPFIND' ? `HTTP ${route}` : `${method} ${route}`;
      expect(nameOf(methodOf(method), route)).toBe(expected);
    }),
  );
});

test('names spans of more routes than it keeps', () => {
  const nameOf = createSpanNames();
  for (let index = 0; index < 2_500; index += 1)
    expect(nameOf(methodOf('GET'), `/made-up/${index}`)).toBe(`GET /made-up/${index}`);
});
