import fc from 'fast-check';
import { expect, test } from 'vitest';
import { negotiate } from '../../src/health/accept.js';

test.each([
  [undefined, 'json'],
  ['', 'json'],
  ['*/*', 'json'],
  ['application/json', 'json'],
  ['application/*', 'json'],
  ['application/health+json', 'health+json'],
  ['Application/Health+JSON; charset=utf-8', 'health+json'],
  ['application/health+json, application/json', 'health+json'],
  ['application/json, application/health+json', 'health+json'],
  ['application/json, application/health+json;q=0.5', 'json'],
  ['application/health+json;q=0.5, */*;q=0.1', 'health+json'],
  ['application/health+json;q=0, */*', 'json'],
  ['text/plain', 'text'],
  ['text/*', 'text'],
  ['text/plain, */*', 'text'],
  ['text/plain;q=0.5, application/json;q=0.9', 'json'],
  ['text/plain;q=0.9, application/json;q=0.5', 'text'],
  ['text/plain;q=0.9, application/health+json;q=0.5', 'text'],
  ['application/json, text/plain, */*', 'json'],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'json'],
  ['application/json;q=0, */*', 'text'],
  ['text/plain;q=0, text/*', 'json'],
  ['text/plain;q=0.001', 'text'],
  ['text/plain;q=0', 'json'],
  ['image/png', 'json'],
  ['text/plain;q=2', 'json'],
  ['text/plain;q=zero', 'json'],
  ['text/plain;level=1;q=1.000', 'text'],
  [';;,,/;q=', 'json'],
])('%s gets %s', (accept, format) => {
  expect(negotiate(accept)).toBe(format);
});

const piece = fc.oneof(
  fc.constantFrom(
    'application',
    'text',
    '*',
    '/',
    'health+json',
    'json',
    'plain',
    ';',
    ',',
    'q=',
    '0.5',
    '1',
    ' ',
    '"',
    '=',
  ),
  fc.string({ unit: 'binary', maxLength: 5 }),
);

test('takes any header', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      expect(['json', 'health+json', 'text']).toContain(negotiate(pieces.join('')));
    }),
    { numRuns: 1_000 },
  );
});

const quality = fc.integer({ min: 0, max: 10 }).map((tenths) => tenths / 10);

test('of three named types the one with the highest quality wins', () => {
  fc.assert(
    fc.property(quality, quality, quality, (health, json, text) => {
      fc.pre(new Set([health, json, text]).size === 3);
      const accept = `text/plain;q=${text}, application/json;q=${json}, application/health+json;q=${health}`;
      const best = Math.max(health, json, text);
      expect(negotiate(accept)).toBe(best === text ? 'text' : best === json ? 'json' : 'health+json');
    }),
  );
});
