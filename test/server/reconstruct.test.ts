import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Layer, LayerMatch } from '../../src/server/frameworks/express/layer.js';
import { reconstructTemplate } from '../../src/server/frameworks/express/reconstruct.js';

/** A layer of a router that keeps nothing of its pattern: it can only be asked, and answers on itself. */
function opaqueLayer(expression: RegExp, names: readonly string[]): Layer {
  const layer = {
    handle() {},
    params: undefined as unknown,
    path: undefined as string | undefined,
    match(path: string) {
      const found = expression.exec(path);
      if (found === null) return false;
      layer.path = found[0];
      layer.params = Object.fromEntries(
        names.map((name, index) => [
          name,
          found[index + 1] && decodeURIComponent(found[index + 1] as string),
        ]),
      );
      return true;
    },
  };
  return layer as unknown as Layer;
}

/** The layer of a mount path of `/literal` and `/:name` segments. */
function layerOf(segments: readonly string[], flags = 'i'): Layer {
  const names = segments.filter((segment) => segment.startsWith(':')).map((segment) => segment.slice(1));
  const source = segments
    .map((segment) => `/${segment.startsWith(':') ? '([^/]+?)' : segment.replace(/[.-]/g, '\\$&')}`)
    .join('');
  return opaqueLayer(new RegExp(`^${source}(?=/|$)`, flags), names);
}

function templateFor(layer: Layer, path: string): string | undefined {
  expect(layer.match(path)).toBe(true);
  const match = { path: layer.path as string, params: { ...(layer.params as object) }, pattern: undefined };
  return reconstructTemplate(layer, match as LayerMatch);
}

describe('reconstructTemplate', () => {
  test.each([
    [['tenants', ':tenant'], '/tenants/acme', '/tenants/:tenant'],
    [['tenants', ':tenant'], '/tenants/tenants', '/tenants/:tenant'],
    [['tenants', ':tenant'], '/tenants/t', '/tenants/:tenant'],
    [['t', ':tenant', 't'], '/t/t/t', '/t/:tenant/t'],
    [[':a', ':b'], '/x/x', '/:a/:b'],
    [[':a', ':b'], '/a/b', '/:a/:b'],
    [['tenants', ':tenant'], '/tenants/a%20b', '/tenants/:tenant'],
    [['tenants', ':tenant'], '/tenants/a%2Fb', '/tenants/:tenant'],
    [['tenants', ':tenant'], '/tenants/%E2%82%AC', '/tenants/:tenant'],
    [['tenants', ':tenant'], '/tenants/100%25', '/tenants/:tenant'],
    [['v1', ':id'], '/v1/1', '/v1/:id'],
    [['orders'], '/orders', '/orders'],
    [['orders'], '/ORDERS', '/orders'],
  ])('finds %j behind %s', (segments, path, expected) => {
    expect(templateFor(layerOf(segments), path)).toBe(expected);
  });

  test('keeps letter case where the layer minds it', () => {
    expect(templateFor(layerOf(['Orders', ':id'], ''), '/Orders/7')).toBe('/Orders/:id');
  });

  test('tells alternatives from values', () => {
    expect(templateFor(opaqueLayer(/^(?:\/v1|\/v2|\/v3)(?=\/|$)/i, []), '/v1')).toBe('/v1');
    expect(templateFor(opaqueLayer(/^(?:\/x|\/y)(?=\/|$)/i, []), '/x')).toBe('/x');
  });

  test.each([
    [/^\/[^/]+/i, '/secret'],
    [/^\/\d+/i, '/4711'],
    [/^\/[0-9a-f]{8}/i, '/deadbeef'],
    [/^\/files\/.*/i, '/files/a/b'],
    [/^\/v\d+/i, '/v1'],
  ])('knows no template of %s, whose values it cannot name', (expression, path) => {
    expect(templateFor(opaqueLayer(expression, []), path)).toBeUndefined();
  });

  test('leaves what a request under way reads of the layer as it was', () => {
    const layer = layerOf(['tenants', ':tenant']);
    layer.match('/tenants/acme');
    const before = { path: layer.path, params: layer.params };

    reconstructTemplate(layer, { path: '/tenants/acme', params: { tenant: 'acme' }, pattern: undefined });

    expect({ path: layer.path, params: layer.params }).toEqual(before);
    expect(layer.params).toBe(before.params);
  });

  test('gives the template or nothing, never a value, whatever stands in the path', () => {
    const literal = fc.constantFrom('orders', 'a', 'api', 'v1', 'x-y', 'o');
    const name = fc.uniqueArray(fc.constantFrom(':a', ':b', ':c'), { minLength: 1, maxLength: 3 });
    const value = fc.oneof(
      fc.constantFrom('orders', 'a', 'api', 'v1', '1', 'o', 'zz', '9', '-', '%20', 'a%2Fb'),
      fc.string({ minLength: 1 }).map((text) => encodeURIComponent(text.replace(/[\ud800-\udfff]/g, 'x'))),
    );
    fc.assert(
      fc.property(
        fc.array(literal, { maxLength: 3 }),
        name,
        fc.array(value, { minLength: 3, maxLength: 3 }),
        fc.nat(),
        (literals, names, values, seed) => {
          const segments: string[] = [...literals];
          for (const [index, param] of names.entries())
            segments.splice((seed + index) % (segments.length + 1), 0, param);
          const byName = new Map<string, string>(
            names.map((param, index) => [param, values[index] as string]),
          );
          const path = segments.map((segment) => `/${byName.get(segment) ?? segment}`).join('');
          const template = templateFor(layerOf(segments), path);
          expect([`/${segments.join('/')}`, undefined]).toContain(template);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
