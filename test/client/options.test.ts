import { describe, expect, test } from 'vitest';
import { type PropagateTo, resolveBreakers, resolvePropagateTo } from '../../src/client/options.js';

describe('propagateTo', () => {
  test('is every host when it is left out, and none when it is empty', () => {
    expect(resolvePropagateTo(undefined)('anything.example', 443)).toBe(true);
    expect(resolvePropagateTo([])('anything.example', 443)).toBe(false);
  });

  test.each<[string | RegExp, string, number, boolean]>([
    ['orders', 'orders', 80, true],
    ['orders', 'orders', 8080, true],
    ['Orders', 'orders', 80, true],
    ['orders', 'my-orders', 80, false],
    ['orders:8080', 'orders', 8080, true],
    ['orders:8080', 'orders', 80, false],
    ['*.example.com', 'a.example.com', 443, true],
    ['*.example.com', 'a.b.example.com', 443, true],
    ['*.example.com', 'example.com', 443, false],
    ['*.example.com', 'badexample.com', 443, false],
    ['*.Example.com', 'a.example.com', 443, true],
    ['::1', '::1', 80, true],
    ['[::1]:8080', '::1', 8080, true],
    [/^orders-\d+:80$/, 'orders-7', 80, true],
    [/^orders-\d+:80$/, 'orders-7', 81, false],
    [/orders/g, 'orders', 80, true],
  ])('%s and %s:%i: %s', (rule, host, port, isMeant) => {
    const isPropagatedTo = resolvePropagateTo([rule]);
    expect(isPropagatedTo(host, port)).toBe(isMeant);
    // A global expression would remember where it stopped.
    expect(isPropagatedTo(host, port)).toBe(isMeant);
  });

  test.each<[unknown, string]>([
    ['orders', 'propagateTo must be an array of hosts and regular expressions, got "orders"'],
    [[''], 'propagateTo[0] must be a host, host:port, *.domain or a regular expression, got ""'],
    [['a', 7], 'propagateTo[1]'],
    [['http://orders/'], 'propagateTo[0]'],
    [['*'], 'propagateTo[0]'],
    [['or*ders'], 'propagateTo[0]'],
    [['orders:http'], 'propagateTo[0]'],
  ])('refuses %o', (given, message) => {
    expect(() => resolvePropagateTo(given as PropagateTo)).toThrow(message);
  });
});

describe('breakers', () => {
  test('host:port comes before host, and that before the common options', () => {
    const configOf = resolveBreakers({
      minimumCalls: 7,
      upstreams: { orders: { minimumCalls: 8 }, 'orders:8080': { minimumCalls: 9 }, Payments: false },
    });
    expect(configOf?.('other:80')).toMatchObject({ minimumCalls: 7 });
    expect(configOf?.('orders:80')).toMatchObject({ minimumCalls: 8 });
    expect(configOf?.('orders:8080')).toMatchObject({ minimumCalls: 9 });
    expect(configOf?.('payments:80')).toBe(false);
  });

  test('an upstream keeps the common options that it does not name', () => {
    const configOf = resolveBreakers({ openMs: 1_234, upstreams: { orders: { minimumCalls: 8 } } });
    expect(configOf?.('orders:80')).toMatchObject({ minimumCalls: 8, openMs: 1_234 });
  });

  test('false is none for any upstream', () => {
    expect(resolveBreakers(false)).toBeUndefined();
  });

  test('a mistake names the upstream', () => {
    expect(() => resolveBreakers({ upstreams: { orders: { minimumCals: 8 } as object } })).toThrow(
      "option breaker.upstreams['orders'].minimumCals is unknown: did you mean minimumCalls?",
    );
    expect(() => resolveBreakers({ upstreams: [] as never })).toThrow('breaker.upstreams must be an object');
  });
});
