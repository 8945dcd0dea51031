import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isCredentialName } from '../../src/core/credential-names.js';
import { boundedAttributes, boundedText, boundedValue } from '../../src/core/log-value.js';

const attributesOf = (source: object) => boundedAttributes(source, () => false);
const nested = (depth: number): unknown => (depth === 0 ? 'end' : { in: nested(depth - 1) });

describe('an attribute', () => {
  test('is one of the first 128; the others are counted', () => {
    const source = Object.fromEntries(Array.from({ length: 130 }, (_, index) => [`k${index}`, index]));
    const { attributes, dropped } = attributesOf(source);
    expect(Object.keys(attributes)).toHaveLength(128);
    expect(dropped).toBe(2);
  });

  test('has at most 8,192 characters, never half a surrogate pair', () => {
    expect(boundedText('x'.repeat(8_192))).toBe('x'.repeat(8_192));
    expect(boundedText('x'.repeat(8_193))).toBe(`${'x'.repeat(8_191)}…`);
    expect(boundedText(`${'x'.repeat(8_190)}😀😀`)).toBe(`${'x'.repeat(8_190)}…`);
  });

  test('is nested at most 6 deep', () => {
    expect(boundedValue(nested(6))).toEqual(nested(6));
    expect(JSON.stringify(boundedValue(nested(7)))).toContain('"[object]"');
  });

  test('of many values is cut at a thousand, and one of long texts at 65,536 characters', () => {
    const wide = Array.from({ length: 128 }, () => Array.from({ length: 128 }, () => 1));
    expect((boundedValue(wide) as unknown[]).flat().length).toBeLessThanOrEqual(1_000);
    const texts = boundedValue(Array.from({ length: 100 }, () => 'x'.repeat(8_000))) as string[];
    expect(texts.join('').length).toBeLessThanOrEqual(65_536 + 2 * 128);
  });

  test.each([
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [2 ** 60, String(2 ** 60)],
    [10n, '10'],
    [-0.5, -0.5],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new URL('http://a/'), 'http://a/'],
    [
      [1, undefined, () => {}, null],
      [1, null, null, null],
    ],
    [
      { a: undefined, b: null, c: 1 },
      { b: null, c: 1 },
    ],
  ])('%o leaves as %o', (given, expected) => {
    expect(boundedValue(given)).toEqual(expected);
  });

  test.each([[undefined], [null], [() => {}], [Symbol('x')]])('%o is none', (given) => {
    expect(boundedValue(given)).toBeUndefined();
  });

  test('may be shared, and is cut only where it stands in itself', () => {
    const shared = { a: 1 };
    const circle: Record<string, unknown> = { left: shared, right: shared };
    circle.self = [circle];
    expect(attributesOf(circle).attributes).toEqual({
      left: { a: 1 },
      right: { a: 1 },
      self: ['[circular]'],
    });
  });

  test('called __proto__ changes nothing but itself', () => {
    const { attributes } = attributesOf(JSON.parse('{"__proto__":{"polluted":true},"a":{"__proto__":1}}'));
    expect(Object.getPrototypeOf(attributes)).toBe(Object.prototype);
    expect(Object.keys(attributes)).toEqual(['__proto__', 'a']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

const hostile = (): object[] => [
  new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error('no');
      },
    },
  ),
  {
    toJSON() {
      throw new Error('no');
    },
  },
  Object.defineProperty({}, 'x', {
    enumerable: true,
    get() {
      throw new Error('no');
    },
  }),
  Object.create(null),
  new Map([[1, 2]]),
  Object.assign(new Error('x'), { stack: 5 }),
];

test('whatever is logged: the copy is bounded and is JSON, and what was given is as it was', () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withTypedArray: true,
    maxDepth: 8,
  });
  fc.assert(
    fc.property(fc.dictionary(fc.string(), anything), (source) => {
      const before = structuredCloneOrSkip(source);
      const { attributes } = attributesOf(source);
      expect(JSON.stringify(attributes).length).toBeLessThan(2_000_000);
      for (const value of Object.values(attributes)) expect(value).toBeDefined();
      if (before !== undefined) expect(source).toEqual(before);
    }),
    { numRuns: 300 },
  );
});

test('whatever misbehaves when it is read costs its own value, and no other', () => {
  for (const value of hostile()) expect(attributesOf({ value, other: 1 }).attributes.other).toBe(1);
});

function structuredCloneOrSkip<T>(value: T): T | undefined {
  try {
    return structuredClone(value);
  } catch {
    return undefined;
  }
}

describe('a name', () => {
  test.each([
    'password',
    'db.password',
    'DB_PASSWORD',
    'X-Auth-Token',
    'accessToken',
    'clientSecret',
    'authorization',
    'Proxy-Authorization',
    'cookie',
    'set-cookie',
    'x-api-key',
    'aws_secret_access_key',
    'privateKey',
    'credentials',
    'jwt',
    'session_id',
  ])('%s is that of a credential', (name) => {
    expect(isCredentialName(name)).toBe(true);
  });

  test.each([
    'passwordResetAt',
    'tokens',
    'tokenCount',
    'key',
    'sortKey',
    'session',
    'author',
    'cookieConsent',
    'monkey',
    'pin',
  ])('%s is none', (name) => {
    expect(isCredentialName(name)).toBe(false);
  });

  test('hides texts and objects, at every depth, and no number', () => {
    const source = {
      a: { token: 'x', b: [{ password: { hash: 'x' } }] },
      token: 7,
      secret: true,
      cookie: ['x'],
      jwt: null,
    };
    expect(attributesOf(source).attributes).toEqual({
      a: { token: 'REDACTED', b: [{ password: 'REDACTED' }] },
      token: 7,
      secret: true,
      cookie: 'REDACTED',
      jwt: null,
    });
  });
});
