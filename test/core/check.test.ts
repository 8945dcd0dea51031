import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as check from '../../src/core/check.js';
import { GoldenSignalsError } from '../../src/errors.js';

const message = (run: () => void): string | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(GoldenSignalsError);
    expect((error as GoldenSignalsError).code).toBe('ERR_GS_OPTION');
    return (error as Error).message;
  }
};

describe('a check', () => {
  test.each<[string, (value: unknown) => void, readonly unknown[], readonly unknown[], string]>([
    [
      'within',
      (v) => check.within('a.b', v, 0, 1),
      [0, 0.5, 1],
      [-0.001, 1.001, Number.NaN, '1', null, 1n],
      'a number from 0 to 1',
    ],
    [
      'positive',
      (v) => check.positive('a.b', v),
      [Number.MIN_VALUE, 1],
      [0, -1, Number.POSITIVE_INFINITY, Number.NaN, '1'],
      'a number above 0',
    ],
    [
      'notNegative',
      (v) => check.notNegative('a.b', v),
      [0, 1],
      [-1, Number.POSITIVE_INFINITY, Number.NaN, true],
      'a number of 0 or more',
    ],
    [
      'integer',
      (v) => check.integer('a.b', v, 2),
      [2, 2 ** 53 - 1],
      [1, 2.5, 2 ** 53, '2'],
      'a whole number of at least 2',
    ],
    ['bool', (v) => check.bool('a.b', v), [true, false], [0, 'true', undefined], 'true or false'],
    ['text', (v) => check.text('a.b', v), ['x', ' '], ['', 7, null], 'a string with at least one character'],
    ['func', (v) => check.func('a.b', v), [() => {}, class {}], [{}, 'x'], 'a function'],
    [
      'oneOf',
      (v) => check.oneOf('a.b', v, ['x', 'y']),
      ['x', 'y'],
      ['z', undefined, ['x']],
      "one of 'x', 'y'",
    ],
  ])(
    '%s takes what is right, and names the option, the rule and the value otherwise',
    (_name, run, right, wrong, rule) => {
      for (const value of right) expect(message(() => run(value))).toBeUndefined();
      for (const value of wrong) {
        expect(message(() => run(value))).toBe(`option a.b must be ${rule}, got ${check.describe(value)}`);
      }
    },
  );

  test('of a record takes known names only, and an array for none', () => {
    const known = ['sampleRatio', 'edge'];
    const run = (value: unknown, path = 'traces') => message(() => check.record(path, value, known));

    expect(run({ edge: 1 })).toBeUndefined();
    expect(run({})).toBeUndefined();
    expect(run({ sampelRatio: 1 })).toBe('option traces.sampelRatio is unknown: did you mean sampleRatio?');
    expect(run({ SAMPLERATIO: 1 })).toBe('option traces.SAMPLERATIO is unknown: did you mean sampleRatio?');
    expect(run({ Edge: 1 }, 'options')).toBe('option Edge is unknown: did you mean edge?');
    expect(run({ somethingElse: 1 })).toBe(
      'option traces.somethingElse is unknown: known are sampleRatio, edge',
    );
    for (const wrong of [null, [], 'x', 7, () => {}])
      expect(run(wrong)).toContain('option traces must be an object, got ');
  });

  test('hints at the name that one slip of the finger makes', () => {
    const known = ['intervalMs', 'boundaries', 'readers', 'sampleRatio', 'processors'];
    fc.assert(
      fc.property(
        fc.constantFrom(...known),
        fc.nat(),
        fc.constantFrom('drop', 'double', 'swap'),
        (name, where, slip) => {
          const at = where % (name.length - 1);
          const [before, here, next, after] = [name.slice(0, at), name[at], name[at + 1], name.slice(at + 2)];
          const typed =
            slip === 'drop'
              ? before + next + after
              : slip === 'double'
                ? before + here + here + next + after
                : before + next + here + after;
          fc.pre(!known.includes(typed));
          expect(message(() => check.record('metrics', { [typed]: 1 }, known))).toBe(
            `option metrics.${typed} is unknown: did you mean ${name}?`,
          );
        },
      ),
    );
  });
});

describe('describe', () => {
  test.each([
    ['x', '"x"'],
    ['x'.repeat(81), `"${'x'.repeat(80)}…"`],
    [7, '7'],
    [7n, '7n'],
    [null, 'null'],
    [undefined, 'undefined'],
    [Symbol('x'), 'Symbol(x)'],
    [[1, 2], 'an array of 2'],
    [{}, 'an object (Object)'],
    [new Map(), 'an object (Map)'],
    [Object.create(null), 'an object (no prototype)'],
    [() => {}, 'function (anonymous)'],
    [function named() {}, 'function named'],
  ])('says what %o is', (value, expected) => {
    expect(check.describe(value)).toBe(expected);
  });

  test('never throws and stays short', () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error('hostile');
        },
      },
    );
    expect(check.describe(hostile)).toBe('an object');
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(check.describe(value).length).toBeLessThan(700);
      }),
    );
  });
});
