import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Overload, type OverloadSample } from '../../src/health/overload.js';
import { type OverloadOptions, resolveOverload } from '../../src/health/overload-options.js';
import { createFakeClock } from '../support/fake-clock.js';

const hot: OverloadSample = { delayP99Ms: 201, utilization: 0.5 };
const warm: OverloadSample = { delayP99Ms: 150, utilization: 0.95 };
const calm: OverloadSample = { delayP99Ms: 99, utilization: 0.89 };

function createOverload(options: OverloadOptions = { shed: true }, random = () => 0.5) {
  const clock = createFakeClock();
  const overload = new Overload(resolveOverload(options), clock, random);
  const take = (...samples: OverloadSample[]) => {
    for (const sample of samples) {
      clock.stall(500);
      overload.sample(sample);
    }
  };
  return { clock, overload, take };
}

describe('overload', () => {
  test.each<[string, OverloadSample, boolean]>([
    ['a delay at the limit', { delayP99Ms: 200, utilization: 0.5 }, false],
    ['a delay above it', { delayP99Ms: 200.1, utilization: 0.5 }, true],
    ['utilization at the limit', { delayP99Ms: 1, utilization: 0.98 }, false],
    ['utilization above it', { delayP99Ms: 1, utilization: 0.981 }, true],
    ['nothing measured', { delayP99Ms: Number.NaN, utilization: Number.NaN }, false],
  ])('after two windows of %s', (_name, sample, isOverloaded) => {
    const { overload, take } = createOverload();
    take(sample, sample);
    expect(overload.isOverloaded).toBe(isOverloaded);
  });

  test('needs two hot windows in a row', () => {
    const { overload, take } = createOverload();
    take(hot, warm, hot, calm, hot);
    expect(overload.isOverloaded).toBe(false);
    take(hot);
    expect(overload.isOverloaded).toBe(true);
  });

  test('lasts until two calm windows in a row', () => {
    const { overload, take } = createOverload();
    take(hot, hot, calm, warm, calm, warm);
    expect(overload.isOverloaded).toBe(true);
    take(calm, calm);
    expect(overload.isOverloaded).toBe(false);
  });

  test.each<[string, OverloadSample]>([
    ['delay', { delayP99Ms: 100, utilization: 0.1 }],
    ['utilization', { delayP99Ms: 1, utilization: 0.9 }],
  ])('does not end while %s is at the lower limit', (_name, sample) => {
    const { overload, take } = createOverload();
    take(hot, hot, sample, sample, sample, sample);
    expect(overload.isOverloaded).toBe(true);
  });

  test('raises and lowers the share step by step', () => {
    const { overload, take } = createOverload();
    const shares: number[] = [];
    for (const sample of [...Array<OverloadSample>(12).fill(hot), ...Array<OverloadSample>(10).fill(calm)]) {
      take(sample);
      shares.push(overload.share);
    }
    expect(shares).toEqual([
      ...[0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 0.9, 0.9, 0.9, 0.9, 0.9],
      ...[0.9, 0.75, 0.75, 0.5, 0.5, 0.25, 0.25, 0, 0, 0],
    ]);
  });

  test('keeps its share between the limits', () => {
    const { overload, take } = createOverload();
    take(hot, hot, hot, hot, ...Array<OverloadSample>(100).fill(warm));
    expect(overload.share).toBe(0.5);
  });

  test('is overloaded exactly while its share is above 0, which moves at most one step per window', () => {
    const steps = [0, 0.25, 0.5, 0.75, 0.9];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(hot, warm, calm), { maxLength: 60 }), (samples) => {
        const { overload, take } = createOverload();
        let before = 0;
        for (const sample of samples) {
          take(sample);
          const now = steps.indexOf(overload.share);
          expect(overload.isOverloaded).toBe(now > 0);
          expect(Math.abs(now - before)).toBeLessThanOrEqual(1);
          if (now !== before) expect(sample).toBe(now > before ? hot : calm);
          before = now;
        }
      }),
    );
  });
});

describe('shedding', () => {
  test('turns away the share it says, by chance', () => {
    const draws = Array.from({ length: 100 }, (_, index) => index / 100);
    const { overload, take } = createOverload({ shed: true }, () => draws.shift() ?? 1);
    take(hot, hot);
    const shed = Array.from({ length: 100 }, () => overload.shouldShed()).filter(Boolean);
    expect(shed).toHaveLength(25);
  });

  test('is off unless asked for', () => {
    const { overload, take } = createOverload({}, () => 0);
    take(hot, hot, hot, hot);
    expect(overload.isOverloaded).toBe(true);
    expect(overload.shouldShed()).toBe(false);
  });

  test('spares everybody while there is no overload', () => {
    const { overload, take } = createOverload({ shed: true }, () => 0);
    take(hot);
    expect(overload.shouldShed()).toBe(false);
  });

  test.each([
    [0, 1],
    [0.5, 2],
    [0.999_999, 3],
  ])('asks to come back in one to three seconds (random %d)', (random, seconds) => {
    expect(createOverload({}, () => random).overload.retryAfterS()).toBe(seconds);
  });
});

describe('the entry of the event loop', () => {
  test('passes with what was measured', () => {
    const { overload, take } = createOverload();
    take({ delayP99Ms: 3, utilization: 0.314_159 });
    expect(overload.entry(false)).toEqual([
      'eventloop:utilization',
      {
        componentType: 'system',
        critical: false,
        status: 'pass',
        observedValue: 0.314,
        observedUnit: '1',
        output: undefined,
        time: '2026-11-23T01:00:00.500Z',
      },
    ]);
  });

  test('only warns of overload, however long', () => {
    const { overload, take, clock } = createOverload();
    take(hot, hot);
    clock.stall(3_600_000);
    expect(overload.entry(false)[1]).toMatchObject({
      status: 'warn',
      output: 'overloaded for 3600 s; shedding 25 %',
    });
  });

  test('does not claim to shed when it does not', () => {
    const { overload, take } = createOverload({});
    take(hot, hot);
    expect(overload.entry(false)[1].output).toBe('overloaded for 0 s');
  });

  test('fails as a critical one after 30 s of overload if asked to', () => {
    const { overload, take, clock } = createOverload();
    take(hot, hot);
    clock.stall(30_000);
    expect(overload.entry(true)[1]).toMatchObject({ status: 'warn', critical: true });
    clock.stall(1);
    expect(overload.entry(true)[1].status).toBe('fail');
  });

  test('counts the time from the first step on', () => {
    const { overload, take, clock } = createOverload();
    take(hot, hot);
    clock.stall(30_000);
    take(hot, hot);
    expect(overload.entry(true)[1].status).toBe('fail');
  });

  test('counts the time of each overload anew', () => {
    const { overload, take, clock } = createOverload();
    take(hot, hot);
    clock.stall(60_000);
    take(calm, calm, hot, hot);
    expect(overload.entry(true)[1].status).toBe('warn');
  });
});
