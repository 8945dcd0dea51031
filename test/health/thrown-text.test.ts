import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { thrownText } from '../../src/health/thrown-text.js';
import { anything, createErrorWithGetters, createHostileProxy } from './support/hostile.js';

describe('what the log may hold of something thrown', () => {
  test('is the stack, and that of its causes', () => {
    const text = thrownText(new Error('no answer', { cause: new TypeError('socket closed') }));
    expect(text).toMatch(/^Error: no answer\n\s+at .*thrown-text/);
    expect(text).toMatch(/\ncause: TypeError: socket closed\n\s+at /);
  });

  test.each<[string, unknown]>([
    ['postgres://app:hunter2@db/orders', new Error('connect postgres://app:hunter2@db/orders')],
    ['a pair', new Error('login failed: password=hunter2')],
    ['a header', new Error('sent authorization: Basic hunter2')],
    ['a cause', new Error('no', { cause: new Error('redis://:hunter2@cache') })],
    ['a string', 'token: hunter2'],
    ['a property of its own', Object.assign(new Error('no'), { config: { password: 'hunter2' } })],
  ])('holds no credential in %s', (_where, thrown) => {
    expect(thrownText(thrown)).not.toContain('hunter2');
  });

  test('ends after three causes, also where they go round in a circle', () => {
    const error = new Error('round');
    error.cause = error;
    expect(thrownText(error).match(/Error: round/g)).toHaveLength(4);
  });

  test('is at most 4,000 characters', () => {
    expect(thrownText('x '.repeat(10_000))).toHaveLength(4_000);
    expect(thrownText(new Error('a', { cause: new Error('b '.repeat(5_000)) })).length).toBe(4_000);
  });

  test('is what kind of thing it is, where it says nothing itself', () => {
    expect(thrownText(undefined)).toBe('threw undefined');
    expect(thrownText(Symbol('s'))).toBe('threw a symbol');
    expect(thrownText({})).toBe('threw an object');
    expect(thrownText(createHostileProxy())).toBe('threw an object');
    expect(thrownText(createErrorWithGetters())).toBe('threw an object');
  });

  test('can be told of anything', () => {
    fc.assert(
      fc.property(anything(), (make) => {
        expect(typeof thrownText(make())).toBe('string');
      }),
    );
  });
});
