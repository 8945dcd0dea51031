import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redactQuery, redactUrl } from '../../src/core/redact-url.js';

const sensitive = [
  'X-Amz-Signature',
  'X-Amz-Credential',
  'X-Amz-Security-Token',
  'AWSAccessKeyId',
  'Signature',
  'sig',
  'X-Goog-Signature',
];

describe('redactQuery', () => {
  test.each(sensitive)('replaces the value of %s and keeps the rest', (key) => {
    expect(redactQuery(`a=1&${key}=secret&b=2`)).toBe(`a=1&${key}=REDACTED&b=2`);
    expect(redactQuery(`${key}=secret`)).toBe(`${key}=REDACTED`);
    expect(redactQuery(`${key}=`)).toBe(`${key}=REDACTED`);
    expect(redactQuery(`${key}=a=b&${key}=c`)).toBe(`${key}=REDACTED&${key}=REDACTED`);
  });

  test.each(sensitive)('sees through the encoding of %s', (key) => {
    const encoded = `%${key.charCodeAt(0).toString(16)}${key.slice(1)}`;
    expect(redactQuery(`${encoded}=secret`)).toBe(`${encoded}=REDACTED`);
  });

  test.each([
    'SIG=1',
    'signature=1',
    'sigma=1',
    'sig',
    '=sig',
    'a=sig=1',
    'design=1',
    '%zz=1',
    '',
    '&&',
    'x-amz-signature=1',
  ])('leaves %s as it is', (query) => {
    expect(redactQuery(query)).toBe(query);
  });

  test('changes nothing but values of these keys', () => {
    const word = fc.webQueryParameters().map((text) => text.replace(/[&=]/g, '-'));
    const pair = fc.tuple(fc.oneof(word, fc.constantFrom(...sensitive)), word);
    fc.assert(
      fc.property(fc.array(pair), (pairs) => {
        const query = pairs.map(([key, value]) => `${key}=${value}`).join('&');
        const expected = pairs
          .map(([key, value]) => `${key}=${sensitive.includes(key) ? 'REDACTED' : value}`)
          .join('&');
        expect(redactQuery(query)).toBe(expected);
      }),
    );
  });
});

describe('redactUrl', () => {
  test.each([
    ['https://user:pass@host/path', 'https://REDACTED:REDACTED@host/path'],
    ['https://user@host/', 'https://REDACTED:REDACTED@host/'],
    ['https://user:p@ss@host/', 'https://REDACTED:REDACTED@host/'],
    ['https://user:pass@host', 'https://REDACTED:REDACTED@host'],
    ['https://host/a@b', 'https://host/a@b'],
    ['https://host/?mail=a@b', 'https://host/?mail=a@b'],
    ['https://host?mail=a:b@c', 'https://host?mail=a:b@c'],
    ['https://host/#a@b', 'https://host/#a@b'],
    ['https://user:pass@host/?sig=1#top', 'https://REDACTED:REDACTED@host/?sig=REDACTED#top'],
    ['HTTPS://user:pass@host/', 'HTTPS://REDACTED:REDACTED@host/'],
    ['/path?sig=1&x=2', '/path?sig=REDACTED&x=2'],
    ['not a url', 'not a url'],
  ])('reads %s as %s', (url, expected) => {
    expect(redactUrl(url)).toBe(expected);
  });

  test('lets no credentials through', () => {
    const text = fc.string({ minLength: 4 }).map((value) => `#!${value}`.replace(/[/?#\\]/g, '-'));
    fc.assert(
      fc.property(text, text, (user, password) => {
        const redacted = redactUrl(`https://${user}:${password}@host/path`);
        expect(redacted).toBe('https://REDACTED:REDACTED@host/path');
      }),
    );
  });
});
