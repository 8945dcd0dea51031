import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEnvironment } from '../../src/core/environment.js';

function environment(variables: Record<string, string | undefined>) {
  const invalid: string[] = [];
  return { ...createEnvironment(variables, (message) => invalid.push(message)), invalid };
}

describe('the environment', () => {
  test.each([undefined, '', ' ', '\t\n'])('counts %o as unset', (value) => {
    const env = environment({ X: value });

    expect(env.text('X')).toBeUndefined();
    expect(env.flag('X')).toBe(false);
    expect(env.integer('X', 7)).toBe(7);
    expect(env.number('X', 0.5, 0, 1)).toBe(0.5);
    expect(env.oneOf('X', ['a', 'b'], 'b')).toBe('b');
    expect(env.list('X', ['a'], ['a'])).toEqual(['a']);
    expect(env.invalid).toEqual([]);
  });

  test.each([
    ['true', true],
    ['TRUE', true],
    [' True ', true],
    ['false', false],
    ['False', false],
  ])('reads the flag %o', (value, expected) => {
    const env = environment({ X: value });
    expect(env.flag('X')).toBe(expected);
    expect(env.invalid).toEqual([]);
  });

  test.each(['1', 'yes', 'on', 'truely'])('reports the flag %s, and takes it for false', (value) => {
    const env = environment({ X: value });
    expect(env.flag('X')).toBe(false);
    expect(env.invalid).toEqual(["X must be 'true' or 'false': it is ignored, and false is used"]);
  });

  test.each(['0', '-1', '2.5', 'x', '9007199254740992', 'Infinity', '1,000'])(
    'passes over %s as a whole number',
    (value) => {
      const env = environment({ X: value });
      expect(env.integer('X', 7)).toBe(7);
      expect(env.invalid).toEqual(['X must be a whole number of at least 1: it is ignored, and 7 is used']);
    },
  );

  test.each(['-0.1', '1.1', 'NaN', 'x', 'Infinity'])('passes over %s as a ratio', (value) => {
    const env = environment({ X: value });
    expect(env.number('X', 0.5, 0, 1)).toBe(0.5);
    expect(env.invalid).toEqual(['X must be a number from 0 to 1: it is ignored, and 0.5 is used']);
  });

  test('reads numbers at their limits', () => {
    const env = environment({ ZERO: '0', ONE: ' 1 ', HALF: '.5' });
    expect(env.integer('ZERO', 7, 0)).toBe(0);
    expect(env.integer('ONE', 7)).toBe(1);
    expect([env.number('ZERO', 7, 0, 1), env.number('ONE', 7, 0, 1), env.number('HALF', 7, 0, 1)]).toEqual([
      0, 1, 0.5,
    ]);
    expect(env.invalid).toEqual([]);
  });

  test('reads one of several words in any case, and reports any other', () => {
    const env = environment({ RIGHT: 'Http/JSON', WRONG: 'grpc' });
    const known = ['http/protobuf', 'http/json'] as const;
    expect(env.oneOf('RIGHT', known, 'http/protobuf')).toBe('http/json');
    expect(env.oneOf('WRONG', known, 'http/protobuf')).toBe('http/protobuf');
    expect(env.invalid).toEqual([
      'WRONG must be one of http/protobuf, http/json: it is ignored, and http/protobuf is used',
    ]);
  });

  test('reads a list without its unknown members, its doubles and its blanks', () => {
    const env = environment({ X: ' b ,a,,b, c', Y: ',' });
    expect(env.list('X', ['a', 'b'], [])).toEqual(['b', 'a']);
    expect(env.list('Y', ['a'], ['a'])).toEqual([]);
    expect(env.invalid).toEqual(['X must be a list of a, b: its other members are ignored']);
  });

  test('never shows a value that it reports, for it may be a secret', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 12 }).filter((text) => /[^0-9.]/.test(text.trim())),
        (secret) => {
          const env = environment({ X: secret });
          env.flag('X');
          env.integer('X', 1);
          env.number('X', 1, 0, 1);
          env.oneOf('X', ['a'], 'a');
          env.list('X', ['a'], []);
          expect(env.invalid.join()).not.toContain(secret.trim());
        },
      ),
    );
  });
});
