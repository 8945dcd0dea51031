import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createIdGenerator } from '../../src/core/ids.js';

/** Fills a pool with bytes that count up, from where the last one ended. */
function counting() {
  let fills = 0;
  let next = 0;
  return {
    fill(pool: Uint8Array) {
      fills += 1;
      for (let at = 0; at < pool.length; at += 1) pool[at] = next++ & 0xff;
    },
    fills: () => fills,
  };
}

describe('createIdGenerator', () => {
  test('makes ids of W3C Trace Context', () => {
    const ids = createIdGenerator();

    for (let count = 0; count < 1_000; count += 1) {
      expect(ids.traceId()).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
      expect(ids.spanId()).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
    }
  });

  test('uses every random byte once, in order', () => {
    const { fill, fills } = counting();
    const ids = createIdGenerator(fill);

    expect(ids.traceId()).toBe('000102030405060708090a0b0c0d0e0f');
    expect(ids.spanId()).toBe('1011121314151617');
    expect(ids.traceId()).toBe('18191a1b1c1d1e1f2021222324252627');
    expect(fills()).toBe(1);
  });

  test('fills the pool anew when too little of it is left, and never gives an id twice', () => {
    const { fill, fills } = counting();
    const ids = createIdGenerator(fill);
    for (let count = 0; count < 2_047; count += 1) ids.traceId();
    expect(fills()).toBe(1);

    ids.spanId();
    ids.traceId();

    expect(fills()).toBe(2);
    const own = createIdGenerator();
    expect(new Set(Array.from({ length: 10_000 }, () => own.spanId())).size).toBe(10_000);
  });

  test('passes over the one invalid id', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), (zeros) => {
        let at = 0;
        const ids = createIdGenerator((pool) => {
          for (let index = 0; index < pool.length; index += 1) pool[index] = at++ < zeros * 8 ? 0 : 7;
        });
        expect(ids.spanId()).toBe('07'.repeat(8));
        expect(ids.traceId()).toBe('07'.repeat(16));
      }),
    );
  });
});
