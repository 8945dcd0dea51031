import { createHash } from 'node:crypto';
import type { SpanContext } from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSampler, SAMPLER_NAMES } from '../../src/trace/sampler.js';

const hex = (digits: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: digits, maxLength: digits })
    .map((all) => all.join(''));
const traceId = hex(32);
const parent = (traceFlags: number): SpanContext => ({
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  traceFlags,
});

/** Ids that are the same in each run, and spread like random ones. */
const idsByHash = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    createHash('sha256').update(`id ${index}`).digest('hex').slice(0, 32),
  );

describe('a sampler', () => {
  test.each(SAMPLER_NAMES.filter((name) => name.startsWith('parentbased_')))(
    '%s follows its parent, local or remote',
    (name) => {
      fc.assert(
        fc.property(
          fc.integer({ min: 0, max: 255 }),
          traceId,
          fc.double({ min: 0, max: 1, noNaN: true }),
          (flags, id, ratio) => {
            expect(createSampler(name, ratio)(parent(flags), id)).toBe((flags & 1) === 1);
          },
        ),
      );
    },
  );

  test.each([
    ['always_on', true],
    ['parentbased_always_on', true],
    ['always_off', false],
    ['parentbased_always_off', false],
  ] as const)('%s decides alike for every trace begun here', (name, expected) => {
    fc.assert(
      fc.property(traceId, (id) => {
        expect(createSampler(name, 0.5)(undefined, id)).toBe(expected);
      }),
    );
  });

  test.each(['always_on', 'always_off', 'traceidratio'] as const)('%s does not ask its parent', (name) => {
    fc.assert(
      fc.property(traceId, fc.integer({ min: 0, max: 255 }), (id, flags) => {
        const sampler = createSampler(name, 0.5);
        expect(sampler(parent(flags), id)).toBe(sampler(undefined, id));
      }),
    );
  });

  test.each([0.01, 0.1, 0.25, 0.5, 0.9, 0.999])('keeps about %f of traces', (ratio) => {
    const ids = idsByHash(20_000);
    const sampler = createSampler('parentbased_traceidratio', ratio);
    const kept = ids.filter((id) => sampler(undefined, id)).length;
    // Five standard deviations of the binomial; the ids are fixed, so this never changes.
    expect(Math.abs(kept - ratio * ids.length)).toBeLessThan(5 * Math.sqrt(ids.length * ratio * (1 - ratio)));
  });

  test('keeps at a higher ratio all that it keeps at a lower one', () => {
    const ratio = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(traceId, ratio, ratio, (id, one, other) => {
        const [low, high] = one < other ? [one, other] : [other, one];
        if (createSampler('traceidratio', low)(undefined, id)) {
          expect(createSampler('traceidratio', high)(undefined, id)).toBe(true);
        }
      }),
    );
  });

  test('decides by the right-most 56 bits alone, at or above the threshold', () => {
    fc.assert(
      fc.property(hex(18), hex(18), hex(14), (left, other, right) => {
        const sampler = createSampler('traceidratio', 0.5);
        expect(sampler(undefined, left + right)).toBe(sampler(undefined, other + right));
      }),
    );
    const half = createSampler('traceidratio', 0.5);
    expect(half(undefined, `${'f'.repeat(18)}7fffffffffffff`)).toBe(false);
    expect(half(undefined, `${'0'.repeat(18)}80000000000000`)).toBe(true);
    const quarter = createSampler('traceidratio', 0.25);
    expect(quarter(undefined, `${'f'.repeat(18)}bfffffffffffff`)).toBe(false);
    expect(quarter(undefined, `${'0'.repeat(18)}c0000000000000`)).toBe(true);
  });

  test('keeps everything at 1 and nothing at 0', () => {
    fc.assert(
      fc.property(traceId, (id) => {
        expect(createSampler('traceidratio', 1)(undefined, id)).toBe(true);
        expect(createSampler('traceidratio', 0)(undefined, id)).toBe(false);
      }),
    );
  });
});
