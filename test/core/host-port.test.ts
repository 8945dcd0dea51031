import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHostPort } from '../../src/core/host-port.js';

describe('parseHostPort', () => {
  test.each([
    ['shop.example', { host: 'shop.example', port: undefined }],
    ['shop.example:8443', { host: 'shop.example', port: 8443 }],
    ['127.0.0.1:80', { host: '127.0.0.1', port: 80 }],
    ['[::1]', { host: '::1', port: undefined }],
    ['[::1]:8080', { host: '::1', port: 8080 }],
    ['::1', { host: '::1', port: undefined }],
    ['2001:db8::7', { host: '2001:db8::7', port: undefined }],
    ['host:', { host: 'host', port: undefined }],
    ['host:0', { host: 'host', port: undefined }],
    ['host:65535', { host: 'host', port: 65_535 }],
    ['host:65536', { host: 'host', port: undefined }],
    ['host:http', { host: 'host', port: undefined }],
    ['host: 80', { host: 'host', port: undefined }],
    ['', undefined],
    [':80', undefined],
    ['[]:80', undefined],
    ['[::1', undefined],
  ])('reads %o', (authority, expected) => {
    expect(parseHostPort(authority)).toEqual(expected);
  });

  test('reads back any host and port', () => {
    const host = fc.oneof(fc.domain(), fc.ipV4());
    fc.assert(
      fc.property(host, fc.ipV6(), fc.integer({ min: 1, max: 65_535 }), (name, address, port) => {
        expect(parseHostPort(`${name}:${port}`)).toEqual({ host: name, port });
        expect(parseHostPort(`[${address}]:${port}`)).toEqual({ host: address, port });
        expect(parseHostPort(address)).toEqual({ host: address, port: undefined });
      }),
    );
  });

  test('never throws, and gives no port out of range', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const port = parseHostPort(text)?.port ?? 1;
        expect(port).toBeGreaterThan(0);
        expect(port).toBeLessThanOrEqual(65_535);
      }),
    );
  });
});
