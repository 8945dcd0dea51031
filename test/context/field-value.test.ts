import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { combineFields, trimOws } from '../../src/context/field-value.js';
import { anyText } from './arbitraries.js';

describe('trimOws', () => {
  test.each([
    ['', ''],
    [' \t ', ''],
    ['\t a \t b \t', 'a \t b'],
    ['\u00a0a\n', '\u00a0a\n'],
  ])('takes blanks and tabs from the ends of %j and nothing else', (text, trimmed) => {
    expect(trimOws(text)).toBe(trimmed);
  });

  test('says the same as a regular expression', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(' ', '\t', 'a', '\n') }), (text) => {
        expect(trimOws(text)).toBe(text.replace(/^[ \t]+/, '').replace(/[ \t]+$/, ''));
      }),
    );
  });
});

describe('combineFields', () => {
  test.each<[unknown, string]>([
    [undefined, ''],
    [null, ''],
    [5, ''],
    [{}, ''],
    [[], ''],
    [' a ', 'a'],
    [['a'], 'a'],
    [['a', ' b\t', 'c'], 'a,b,c'],
    [['', 'a', ' ', 'b', ''], 'a,b'],
    [['a', 5, undefined, 'b'], 'a,b'],
  ])('makes of %j the list %j', (header, combined) => {
    expect(combineFields(header)).toBe(combined);
  });

  test('keeps the order of the fields', () => {
    fc.assert(
      fc.property(fc.array(anyText), (fields) => {
        expect(combineFields(fields)).toBe(
          fields
            .map(trimOws)
            .filter((field) => field !== '')
            .join(','),
        );
      }),
    );
  });
});
