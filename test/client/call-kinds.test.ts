import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CallKinds } from '../../src/client/call-kinds.js';
import { createMethods } from '../../src/metrics/http-methods.js';

const methodOf = createMethods(['GET', 'POST']);

describe('what calls to one place have in common', () => {
  test('is one object for all of a kind', () => {
    const kinds = new CallKinds('orders', 8_080);
    const first = kinds.of(methodOf('GET'), 200, '1.1', '10.0.0.7', 8_080);
    const other = kinds.of(methodOf('GET'), 404, '1.1', '10.0.0.7', 8_080);

    expect(first.attributes.all).toEqual({
      'http.request.method': 'GET',
      'server.address': 'orders',
      'server.port': 8_080,
      'http.response.status_code': 200,
      'network.protocol.version': '1.1',
      'network.peer.address': '10.0.0.7',
      'network.peer.port': 8_080,
    });
    expect(other.attributes.all).toMatchObject({ 'http.response.status_code': 404 });
    expect(kinds.of(methodOf('GET'), 200, '1.1', '10.0.0.7', 8_080)).toBe(first);
  });

  test('leaves out what is not known of a call', () => {
    expect(
      new CallKinds('/run/shop.sock', 0).of(methodOf('GET'), 0, undefined, undefined, undefined).attributes
        .all,
    ).toEqual({
      'http.request.method': 'GET',
      'server.address': '/run/shop.sock',
    });
    expect(
      new CallKinds('orders', 80).of(methodOf('BREW'), 0, undefined, '/pipe', undefined).attributes.all,
    ).toEqual({
      'http.request.method': '_OTHER',
      'server.address': 'orders',
      'server.port': 80,
      'network.peer.address': '/pipe',
    });
  });

  test('is right for any sequence of kinds, more than are kept too', () => {
    const kind = fc.record({
      method: fc.constantFrom('GET', 'POST', 'BREW'),
      status: fc.constantFrom(0, 200, 404, 500),
      version: fc.constantFrom(undefined, '1.1', '2'),
      address: fc.constantFrom(undefined, '10.0.0.1', '10.0.0.2'),
      port: fc.constantFrom(undefined, 80, 81),
    });
    fc.assert(
      fc.property(fc.array(kind, { maxLength: 60 }), (given) => {
        const kinds = new CallKinds('orders', 80);
        for (const { method, status, version, address, port } of given) {
          const parts = [methodOf(method), status, version, address, port] as const;
          expect(kinds.of(...parts).attributes.all).toEqual(
            new CallKinds('orders', 80).of(...parts).attributes.all,
          );
        }
      }),
    );
  });
});
