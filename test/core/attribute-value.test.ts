import { runInNewContext } from 'node:vm';
import { isAnyValue } from '@opentelemetry/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attributeValue, validAttributes } from '../../src/core/attribute-value.js';

describe('the value of an attribute', () => {
  test.each([
    ['a text', 'x'],
    ['an empty text', ''],
    ['a number', 7.5],
    ['a boolean', false],
    ['null', null],
    ['bytes', new Uint8Array([1, 2])],
    ['a mixed list', ['a', 1, true, null, ['b']]],
    ['a map', { a: { b: [1, { c: null }] } }],
    ['a map without a prototype', Object.assign(Object.create(null), { a: 1 })],
  ])('may be %s', (_what, value) => {
    expect(attributeValue(value)).toEqual(value);
  });

  const circle: Record<string, unknown> = {};
  circle.in = [circle];
  test.each([
    ['undefined', undefined],
    ['a function', () => {}],
    ['a symbol', Symbol('x')],
    ['a bigint', 1n],
    ['a date', new Date(0)],
    ['an error', new Error('no')],
    ['other numbers than bytes', new Float64Array(1)],
    ['a list of functions', [() => {}]],
    ['a map of functions', { a: { b: () => {} } }],
    ['a circle', circle],
    [
      'what throws',
      {
        get a() {
          throw new Error('no');
        },
      },
    ],
  ])('is not %s', (_what, value) => {
    expect(attributeValue(value)).toBeUndefined();
  });

  test('may be nested 64 deep, and not deeper', () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
    expect(attributeValue(nested(64))).toEqual(nested(64));
    expect(attributeValue(nested(65))).toBeUndefined();
    expect(attributeValue(nested(3_000))).toBeUndefined();
  });

  test('may be a map of another realm', () => {
    expect(attributeValue(runInNewContext('({ a: [1] })'))).toEqual({ a: [1] });
  });

  test('may hold the same map twice', () => {
    const shared = { a: 1 };
    expect(attributeValue([shared, shared])).toEqual([shared, shared]);
  });

  test('is a copy of what may change', () => {
    const bytes = Buffer.from([1]);
    const given = { list: [1], bytes };
    const kept = attributeValue(given);
    given.list.push(2);
    bytes[0] = 2;
    expect(kept).toEqual({ list: [1], bytes: new Uint8Array([1]) });
  });

  test('keeps a key that is called __proto__', () => {
    const kept = attributeValue(JSON.parse('{"__proto__":{"a":1}}')) as object;
    expect(Object.keys(kept)).toEqual(['__proto__']);
    expect('a' in kept).toBe(false);
  });

  test('is one where the SDK says so', () => {
    // By which the SDK knows an object of no class.
    const key = fc.string().filter((name) => name !== 'constructor');
    fc.assert(
      fc.property(
        fc.anything({ key, withBigInt: true, withDate: true, withNullPrototype: true, withTypedArray: true }),
        (given) => {
          expect(attributeValue(given) !== undefined).toBe(isAnyValue(given));
        },
      ),
    );
  });
});

test('attributes that have no value are counted, apart from undefined', () => {
  const given = { a: 1, b: undefined, c: () => {}, '': 'no key', d: null };
  expect(validAttributes(given)).toEqual({ attributes: { a: 1, d: null }, dropped: 2 });
  for (const nothing of [undefined, null, 7, 'text'])
    expect(validAttributes(nothing)).toEqual({ attributes: {}, dropped: 0 });
});
