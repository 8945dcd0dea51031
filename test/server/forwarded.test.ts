import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readForwarded } from '../../src/server/forwarded.js';

const nothing = { host: undefined, proto: undefined, client: undefined };

describe('readForwarded', () => {
  test('knows nothing without the headers of proxies', () => {
    expect(readForwarded({ host: 'a', 'user-agent': 'b' })).toEqual(nothing);
  });

  test.each([
    ['for=203.0.113.9', { client: '203.0.113.9' }],
    [
      'For=203.0.113.9;PROTO=HTTPS;Host=Shop.Example',
      { client: '203.0.113.9', proto: 'https', host: 'Shop.Example' },
    ],
    ['for="203.0.113.9:4711"', { client: '203.0.113.9' }],
    ['for="[2001:db8::7]:4711"', { client: '2001:db8::7' }],
    ['for="[2001:db8::7]"', { client: '2001:db8::7' }],
    ['for=_hidden;host="a:8080"', { client: '_hidden', host: 'a:8080' }],
    ['for=unknown;proto=https', { proto: 'https' }],
    ['for=1.1.1.1;proto=https, for=2.2.2.2;proto=http;host=inner', { client: '1.1.1.1', proto: 'https' }],
    ['host="a,b;c";for=1.1.1.1', { client: '1.1.1.1', host: 'a,b;c' }],
    ['host="a\\"b"', { host: 'a"b' }],
    [' for = 1.1.1.1 ; proto = https ', { client: '1.1.1.1', proto: 'https' }],
    ['for=', {}],
    ['nonsense', {}],
    ['', {}],
    [';;,,==', {}],
  ])('reads the first hop of Forwarded: %s', (forwarded, expected) => {
    expect(readForwarded({ forwarded })).toEqual({ ...nothing, ...expected });
  });

  test.each([
    [{ 'x-forwarded-for': '203.0.113.9, 10.0.0.1' }, { client: '203.0.113.9' }],
    [{ 'x-forwarded-for': '203.0.113.9:4711' }, { client: '203.0.113.9' }],
    [{ 'x-forwarded-for': '2001:db8::7' }, { client: '2001:db8::7' }],
    [{ 'x-forwarded-for': '[2001:db8::7]:443' }, { client: '2001:db8::7' }],
    [{ 'x-forwarded-for': 'unknown, 10.0.0.1' }, {}],
    [{ 'x-forwarded-for': ' ' }, {}],
    [{ 'x-forwarded-proto': 'HTTPS,http' }, { proto: 'https' }],
    [{ 'x-forwarded-host': 'shop.example:8443, inner' }, { host: 'shop.example:8443' }],
    [{ 'x-forwarded-host': ['shop.example', 'other'] }, { host: 'shop.example' }],
  ])('reads the first hop of X-Forwarded-*: %o', (headers, expected) => {
    expect(readForwarded(headers)).toEqual({ ...nothing, ...expected });
  });

  test('takes from X-Forwarded-* what Forwarded does not say', () => {
    const headers = {
      forwarded: 'for=1.1.1.1',
      'x-forwarded-for': '2.2.2.2',
      'x-forwarded-host': 'shop.example',
      'x-forwarded-proto': 'https',
    };

    expect(readForwarded(headers)).toEqual({ client: '1.1.1.1', host: 'shop.example', proto: 'https' });
  });

  test('reads back what was written by the grammar of RFC 7239, whatever hops follow', () => {
    const value = fc.string({ minLength: 1 }).filter((text) => text.trim() === text && text !== 'unknown');
    const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
    fc.assert(
      fc.property(value, fc.constantFrom('http', 'https'), fc.array(value), (host, proto, hops) => {
        const more = hops.map((hop) => `,host=${quoted(hop)}`).join('');
        const forwarded = `host=${quoted(host)};proto=${proto}${more}`;
        expect(readForwarded({ forwarded })).toEqual({ host, proto, client: undefined });
      }),
    );
  });

  test('never throws, and never makes up what was not sent', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (forwarded, client) => {
        const read = readForwarded({ forwarded, 'x-forwarded-for': client });
        for (const part of Object.values(read)) {
          const sent = (forwarded + client).replaceAll('\\', '').toLowerCase();
          if (part !== undefined) expect(sent).toContain(part.replaceAll('\\', '').toLowerCase());
        }
      }),
    );
  });
});
