import { expect, test } from 'vitest';
import { age, bytes, duration, figures, rate, share, span } from '../../src/page/parts/format.js';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');

test('a duration has three significant figures and the unit that suits it', () => {
  const cases: [number, string][] = [
    [0, '0 ms'],
    [0.0421, '42.1 µs'],
    [0.5, '500 µs'],
    [1, '1 ms'],
    [9.994, '9.99 ms'],
    [9.996, '10 ms'],
    [212.4, '212 ms'],
    [999.4, '999 ms'],
    [999.6, '1.00 s'],
    [1_240, '1.24 s'],
    [12_340, '12.3 s'],
    [59_994, '60.0 s'],
    [60_000, '1 min'],
    [130_000, '2 min 10 s'],
  ];
  for (const [ms, text] of cases) expect(plain(duration(ms)), String(ms)).toBe(text);
});

test('what is not known is a dash, and never NaN', () => {
  for (const text of [
    duration(null),
    duration(undefined),
    duration(Number.NaN),
    rate(null),
    share(null),
    bytes(null),
  ])
    expect(text).toBe('–');
});

test('a rate is of a second, and of a minute where it is rare', () => {
  const cases: [number, string][] = [
    [0, '0 /s'],
    [31.42, '31.4 /s'],
    [0.5, '0.5 /s'],
    [0.05, '3 /min'],
    [1_234, '1,234 /s'],
    [12_345, '12.3k /s'],
  ];
  for (const [value, text] of cases) expect(plain(rate(value)), String(value)).toBe(text);
});

test('a share that is not zero is never shown as zero', () => {
  expect(plain(share(0))).toBe('0 %');
  expect(plain(share(0.067))).toBe('6.7 %');
  expect(plain(share(1))).toBe('100 %');
  expect(plain(share(0.00001))).toBe('< 0.01 %');
});

test('bytes, ages and long times take the unit that is read at a glance', () => {
  expect(plain(bytes(512))).toBe('512 B');
  expect(plain(bytes(96 * 2 ** 20))).toBe('96 MiB');
  expect(plain(age(2_400))).toBe('2 s');
  expect(plain(age(150_000))).toBe('2 min');
  expect(plain(span(3_600_000 * 3 + 240_000))).toBe('3 h 4 min');
  expect(plain(span(86_400_000 * 2))).toBe('2 d');
  expect(figures(1_234_567)).toBe('1,234,567');
});
