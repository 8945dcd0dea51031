import fc from 'fast-check';
import { expect, test } from 'vitest';
import { retryAfterMs } from '../../src/export/retry-after.js';

const now = Date.UTC(2026, 10, 23, 1, 0, 0);

test.each([
  [undefined, undefined],
  ['0', 0],
  ['7', 7_000],
  ['Mon, 23 Nov 2026 01:00:05 GMT', 5_000],
  ['Mon, 23 Nov 2026 00:59:00 GMT', 0],
  ['soon', undefined],
  ['', undefined],
])('%j is %j ms', (header, expected) => {
  expect(retryAfterMs(header, now)).toBe(expected);
});

test('nothing that a header can hold makes a time before now', () => {
  fc.assert(
    fc.property(fc.string(), (header) => {
      expect(retryAfterMs(header, now) ?? 0).toBeGreaterThanOrEqual(0);
    }),
  );
});
