import { describe, expect, test } from 'vitest';
import { joinLabels, labelsOf, numberText } from '../../../src/export/prometheus/labels.js';

describe('labels', () => {
  test('stand in the order of their names, whatever the order of the attributes', () => {
    expect(labelsOf({ b: 1, a: 'x' })).toBe('a="x",b="1"');
    expect(labelsOf({ a: 'x', b: 1 })).toBe('a="x",b="1"');
  });

  test('are escaped, and end no scrape', () => {
    expect(labelsOf({ a: 'say "hi"\\\nbye\0' })).toBe('a="say \\"hi\\"\\\\\\nbye\ufffd"');
  });

  test('of attributes that get one name share it', () => {
    expect(labelsOf({ 'a.b': '1', a_b: '2' })).toBe('a_b="1;2"');
  });

  test('leave out what is empty, which Prometheus does not tell from what is missing', () => {
    expect(labelsOf({ a: '', b: undefined })).toBe('');
  });

  test('hold arrays as JSON', () => {
    expect(labelsOf({ a: ['x', 'y'], b: true })).toBe('a="[\\"x\\",\\"y\\"]",b="true"');
  });

  test('are of at most 1,024 characters, and two long ones stay two', () => {
    const [one, other] = ['1', '2'].map((end) => labelsOf({ a: `${'x'.repeat(2_000)}${end}` }));
    expect(one).not.toBe(other);
    expect(one?.length).toBe('a=""'.length + 1_024);
    expect(labelsOf({ a: 'x'.repeat(1_024) })).toBe(`a="${'x'.repeat(1_024)}"`);
  });

  test('are never cut within a character', () => {
    const cut = labelsOf({ a: `${'x'.repeat(1_014)}${'😀'.repeat(10)}` });
    expect(Buffer.from(cut).toString()).toBe(cut);
  });

  test('of frozen attributes are written once', () => {
    const attributes = Object.freeze({ a: 1 });
    expect(labelsOf(attributes)).toBe(labelsOf(attributes));
    expect(labelsOf({ a: 2 })).toBe('a="2"');
  });

  test('join only where there are some', () => {
    expect(joinLabels('', '')).toBe('');
    expect(joinLabels('a="1"', '')).toBe('a="1"');
    expect(joinLabels('', 'b="2"')).toBe('b="2"');
    expect(joinLabels('a="1"', 'b="2"')).toBe('a="1",b="2"');
  });
});

test.each([
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, '+Inf'],
  [Number.NEGATIVE_INFINITY, '-Inf'],
  [0.1, '0.1'],
  [1e21, '1e+21'],
])('%d reads %s', (value, text) => {
  expect(numberText(value)).toBe(text);
});
