import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTarget, parseOrigin, urlOf } from '../../src/client/target.js';

describe('where a call goes', () => {
  test.each([
    [
      'a path',
      createTarget('GET', 'http', 'orders', 8080, '/a?b=c'),
      'orders',
      8080,
      'http://orders:8080/a?b=c',
    ],
    ['the default port', createTarget('GET', 'https', 'orders', 443, '/'), 'orders', 443, 'https://orders/'],
    ['IPv6', createTarget('GET', 'http', '::1', 8080, '/'), '::1', 8080, 'http://[::1]:8080/'],
    [
      'a proxy',
      createTarget('GET', 'http', 'proxy', 3128, 'http://Orders:81/a'),
      'orders',
      81,
      'http://Orders:81/a',
    ],
    [
      'a proxy and https',
      createTarget('GET', 'http', 'proxy', 3128, 'https://orders/a'),
      'orders',
      443,
      'https://orders/a',
    ],
    [
      'CONNECT',
      createTarget('CONNECT', 'http', 'proxy', 3128, 'orders:443'),
      'orders',
      443,
      'http://orders:443',
    ],
    [
      'CONNECT to IPv6',
      createTarget('CONNECT', 'http', 'proxy', 3128, '[::1]:443'),
      '::1',
      443,
      'http://[::1]:443',
    ],
    ['OPTIONS *', createTarget('OPTIONS', 'http', 'orders', 80, '*'), 'orders', 80, 'http://orders'],
    [
      'a Unix domain socket',
      createTarget('GET', 'http', '/run/x.sock', 0, '/v1'),
      '/run/x.sock',
      0,
      'http://localhost/v1',
    ],
  ])('%s', (_title, target, host, port, url) => {
    expect(target).toMatchObject({ host, port });
    expect(urlOf(target)).toBe(url);
  });

  test.each([
    ['http://orders', { scheme: 'http', host: 'orders', port: 80 }],
    ['https://Orders', { scheme: 'https', host: 'orders', port: 443 }],
    ['HTTP://orders:81/x', { scheme: 'http', host: 'orders', port: 81 }],
    ['http://user:p@ss@orders/', { scheme: 'http', host: 'orders', port: 80 }],
    ['http://[::1]:8080', { scheme: 'http', host: '::1', port: 8080 }],
    ['ws://orders', undefined],
    ['orders', undefined],
    ['', undefined],
  ])('the origin %s', (origin, parsed) => {
    expect(parseOrigin(origin)).toEqual(parsed);
  });

  test('what it makes of any path is a URL, and never a throw', () => {
    fc.assert(
      fc.property(fc.webPath(), (path) => {
        expect(URL.canParse(urlOf(createTarget('GET', 'http', 'orders', 80, path || '/')))).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.string(), fc.string(), (method, path) => {
        urlOf(createTarget(method, 'http', 'orders', 80, path));
      }),
    );
  });
});
