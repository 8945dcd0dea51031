import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createSocketTarget,
  createTarget,
  knownOrigin,
  parseOrigin,
  redactedUrlOf,
  urlOf,
} from '../../src/client/target.js';
import { redactUrl } from '../../src/core/redact-url.js';

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
    expect(target.authority).toMatchObject({ host, port });
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

describe('where telemetry says that a call went', () => {
  const shown = (path: string) => redactedUrlOf(createTarget('GET', 'http', 'orders', 80, path));

  test.each([
    ['/a', 'http://orders/a'],
    ['/a%20b@c', 'http://orders/a%20b@c'],
    ['/a?sig=secret&b=1', 'http://orders/a?sig=REDACTED&b=1'],
    ['/a?s%69g=secret', 'http://orders/a?s%69g=REDACTED'],
    ['http://user:secret@orders/a?Signature=secret', 'http://REDACTED:REDACTED@orders/a?Signature=REDACTED'],
  ])('%s', (path, url) => {
    expect(shown(path)).toBe(url);
  });

  test('no credentials in a host', () => {
    const target = createTarget('GET', 'http', 'user:secret@orders', 80, '/');
    expect(redactedUrlOf(target)).not.toContain('secret');
  });

  test('as the URL redacted in one piece, whatever the path', () => {
    const part = fc.constantFrom(
      '/',
      '?',
      '&',
      '=',
      '#',
      '@',
      ':',
      '%',
      'sig',
      's%69g',
      'X-Amz-Signature',
      'a',
    );
    const path = fc.oneof(
      fc.string(),
      fc.array(part).map((parts) => `/${parts.join('')}`),
    );
    fc.assert(
      fc.property(path, (given) => {
        const target = createTarget('GET', 'http', 'orders', 80, given);
        expect(redactedUrlOf(target)).toBe(redactUrl(urlOf(target)));
      }),
    );
  });
});

describe('what a call is named by', () => {
  test('is told apart by host, port and scheme, whatever was called before', () => {
    const calls = [
      ['http', 'orders', 80, 'orders:80', 'http://orders'],
      ['https', 'orders', 80, 'orders:80', 'https://orders:80'],
      ['http', 'orders', 8080, 'orders:8080', 'http://orders:8080'],
      ['http', '::1', 8080, '::1:8080', 'http://[::1]:8080'],
    ] as const;
    for (let round = 0; round < 2; round += 1) {
      for (const [scheme, host, port, upstream, origin] of calls)
        expect(createTarget('GET', scheme, host, port, '/').authority).toMatchObject({
          host,
          upstream,
          origin,
          port,
          scheme,
        });
    }
  });

  test('stays right past as many hosts and ports as are kept', () => {
    for (let index = 1; index <= 3_000; index += 1) {
      expect(knownOrigin(`http://made-up-${index}:81`)?.upstream).toBe(`made-up-${index}:81`);
      expect(createTarget('GET', 'http', 'scanned', index, '/').authority.upstream).toBe(`scanned:${index}`);
    }
    expect(knownOrigin('http://made-up-1:81')).toMatchObject({ host: 'made-up-1', port: 81 });
  });

  test.each([
    ['http://Orders', 'http://orders'],
    ['https://orders:443', 'https://orders'],
    [`http://${'a'.repeat(400)}:81`, `http://${'a'.repeat(400)}:81`],
    ['file:///etc', undefined],
    ['', undefined],
  ])('of the origin %s is known the first time as the second', (given, origin) => {
    expect(knownOrigin(given)?.origin).toBe(origin);
    expect(knownOrigin(given)?.origin).toBe(origin);
  });

  test('is the path of its socket for a Unix domain socket', () => {
    const target = createSocketTarget('GET', 'http', '/run/x.sock', 'http://proxied/');
    expect(target.authority).toMatchObject({ host: '/run/x.sock', port: 0, upstream: '/run/x.sock' });
  });
});
