import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BeatWatcher, phiOf } from '../../src/health/phi-accrual.js';
import { resolveWatch } from '../../src/health/watch-options.js';
import { createFakeClock } from '../support/fake-clock.js';

function createWatcher({
  intervalMs = 1_000,
  stalledMs = () => 0,
}: {
  intervalMs?: number;
  stalledMs?: () => number;
} = {}) {
  const clock = createFakeClock();
  const watcher = new BeatWatcher(resolveWatch({ intervalMs }), clock, stalledMs);
  const beat = (...gapsMs: number[]) => {
    for (const gapMs of gapsMs) {
      clock.stall(gapMs);
      watcher.beat();
    }
  };
  return { clock, watcher, beat };
}

// The longest silence, to the millisecond, that is not suspected.
function patienceOf(watcher: BeatWatcher, clock: { stall(ms: number): void }): number {
  let silenceMs = 0;
  for (; watcher.read().status === 'pass'; silenceMs += 1) clock.stall(1);
  return silenceMs - 1;
}

describe('phi', () => {
  test('is that of the normal distribution, nearly', () => {
    expect(phiOf(0)).toBeCloseTo(Math.log10(2), 10);
    expect(phiOf(1)).toBeCloseTo(-Math.log10(0.158_655), 2);
    expect(phiOf(3)).toBeCloseTo(-Math.log10(0.001_35), 1);
  });

  test('grows with the delay, finite and never negative', () => {
    const deviations = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(deviations, deviations, (a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        expect(phiOf(low)).toBeGreaterThanOrEqual(0);
        expect(phiOf(high)).toBeGreaterThanOrEqual(phiOf(low));
        expect(Number.isFinite(phiOf(high))).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a watcher', () => {
  test('suspects a regular peer after its interval, the pause and some deviations, and fails it after ten intervals', () => {
    const { clock, watcher, beat } = createWatcher();
    beat(0, ...Array<number>(300).fill(1_000));
    // Mean 1 s, pause 3 s, σ at its least 100 ms: φ reaches 8 at 5.2256 deviations.
    expect(patienceOf(watcher, clock)).toBe(4_522);
    expect(watcher.read().phi).toBeGreaterThanOrEqual(8);
    clock.stall(10_000 - 4_523);
    expect(watcher.read().status).toBe('warn');
    clock.stall(1);
    expect(watcher.read().status).toBe('fail');
  });

  test('believes the interval it was told before it has learnt one', () => {
    const { clock, watcher, beat } = createWatcher();
    beat(0);
    // Seeded with 750 and 1250 ms: mean 1 s, pause 3 s, σ 250 ms.
    expect(patienceOf(watcher, clock)).toBe(5_306);
  });

  test('has at least a tenth of the interval as deviation', () => {
    const { clock, watcher, beat } = createWatcher({ intervalMs: 10_000 });
    beat(0, ...Array<number>(300).fill(10_000));
    expect(patienceOf(watcher, clock)).toBe(45_225);
  });

  test('is more patient with an irregular peer', () => {
    const regular = createWatcher();
    const irregular = createWatcher();
    regular.beat(0, ...Array<number>(200).fill(1_000));
    irregular.beat(0, ...Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? 200 : 1_800)));
    expect(patienceOf(irregular.watcher, irregular.clock)).toBeGreaterThan(
      patienceOf(regular.watcher, regular.clock),
    );
  });

  test('forgets what is older than 200 beats', () => {
    const { clock, watcher, beat } = createWatcher();
    beat(0, ...Array<number>(100).fill(3_000), ...Array<number>(200).fill(1_000));
    expect(patienceOf(watcher, clock)).toBe(4_522);
  });

  test('does not learn from the gap that ended a suspicion', () => {
    const { clock, watcher, beat } = createWatcher();
    beat(0, ...Array<number>(200).fill(1_000), 8_000, 20_000);
    expect(watcher.read().status).toBe('pass');
    expect(patienceOf(watcher, clock)).toBe(4_522);
  });

  test('warns until the first beat, and fails if it does not come in time', () => {
    const { clock, watcher, beat } = createWatcher();
    expect(watcher.read()).toMatchObject({ status: 'warn', hasBeaten: false, phi: 0 });
    clock.stall(30_000);
    expect(watcher.read().status).toBe('warn');
    clock.stall(1);
    expect(watcher.read().status).toBe('fail');
    beat(0);
    expect(watcher.read()).toMatchObject({ status: 'pass', hasBeaten: true });
  });

  test('does not learn from the wait for the first beat', () => {
    const { clock, watcher, beat } = createWatcher();
    beat(25_000);
    expect(patienceOf(watcher, clock)).toBe(5_306);
  });

  test('does not accuse the peer of the time this process was blocked itself', () => {
    let stalledMs = 0;
    const { clock, watcher, beat } = createWatcher({ stalledMs: () => stalledMs });
    beat(0, ...Array<number>(200).fill(1_000));
    clock.stall(60_000);
    stalledMs += 59_500;
    expect(watcher.read()).toMatchObject({ status: 'pass', silenceMs: 500 });
    clock.stall(10_000);
    expect(watcher.read().status).toBe('fail');
  });

  test('bears a stall that is said to be longer than the silence', () => {
    let stalledMs = 0;
    const { watcher, beat } = createWatcher({ stalledMs: () => stalledMs });
    beat(0);
    stalledMs = 5_000;
    expect(watcher.read()).toMatchObject({ status: 'pass', silenceMs: 0 });
  });

  test('never thinks better of a peer the longer it is silent', () => {
    const severity = { pass: 0, warn: 1, fail: 2 };
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 300 }),
        fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 2, maxLength: 20 }),
        (gaps, steps) => {
          const { clock, watcher, beat } = createWatcher();
          beat(0, ...gaps);
          let before = watcher.read();
          for (const step of steps) {
            clock.stall(step);
            const now = watcher.read();
            expect(now.phi).toBeGreaterThanOrEqual(before.phi);
            expect(severity[now.status]).toBeGreaterThanOrEqual(severity[before.status]);
            before = now;
          }
        },
      ),
    );
  });
});
