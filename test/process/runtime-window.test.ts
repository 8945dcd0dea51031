import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { describe, expect, test } from 'vitest';
import { type RuntimeTotals, RuntimeWindow } from '../../src/process/runtime-window.js';
import { createFakeClock } from '../support/fake-clock.js';

function createWindow() {
  const clock = createFakeClock(0);
  const histogram: RecordableHistogram = createHistogram();
  let totals: RuntimeTotals = { idleMs: 0, activeMs: 0, userMicros: 0, systemMicros: 0 };
  const window = new RuntimeWindow({ clock, histogram, totals: () => totals });
  return {
    window,
    /** Lets time pass with a look each 20 ms, the loop and one CPU busy for a share of it. */
    pass(seconds: number, busy = 0) {
      for (let i = 0; i < seconds * 50; i++) histogram.record(20e6);
      clock.stall(seconds * 1_000);
      totals = {
        idleMs: totals.idleMs + seconds * 1_000 * (1 - busy),
        activeMs: totals.activeMs + seconds * 1_000 * busy,
        userMicros: totals.userMicros + seconds * 1e6 * busy,
        systemMicros: totals.systemMicros + (seconds * 1e6 * busy) / 4,
      };
    },
    block(seconds: number) {
      histogram.record(seconds * 1e9 + 20e6);
      clock.stall(seconds * 1_000);
    },
  };
}

describe('the window of a process', () => {
  test('shows a block to each of two readers, whichever comes first', () => {
    const { window, pass, block } = createWindow();
    pass(5);
    block(0.5);
    pass(5);
    const scraped = window.read();
    pass(4);
    const pushed = window.read();
    expect(scraped.delay?.max).toBeCloseTo(0.5, 2);
    expect(pushed.delay?.max).toBeCloseTo(0.5, 2);
  });

  test('shows a block to a reader each minute, though another one reads each 15 s', () => {
    const { window, pass, block } = createWindow();
    const seen: (number | undefined)[] = [];
    for (let second = 0; second <= 120; second += 15) {
      seen.push(window.read().delay?.max);
      if (second === 15) block(0.3);
      pass(15);
    }
    // The one of each minute reads first, third of four and so on: at 60 s it still sees the block of second 15.
    expect(seen[4]).toBeCloseTo(0.3, 2);
    expect(seen[8]).toBeCloseTo(0, 2);
  });

  test('is the time since the last reading, for a lone reader each minute', () => {
    const { window, pass } = createWindow();
    pass(60, 1);
    expect(window.read().utilization).toBeCloseTo(1, 9);
    pass(59.9, 0);
    expect(window.read().utilization).toBeCloseTo(0, 9);
    pass(60.1, 0.5);
    expect(window.read()).toMatchObject({ utilization: 0.5, userCpus: 0.5, systemCpus: 0.125 });
  });

  test('is all the time since the last reading, for one that reads each hour', () => {
    const { window, pass, block } = createWindow();
    window.read();
    block(2);
    pass(3_598);
    expect(window.read().delay?.max).toBeCloseTo(2, 1);
  });

  test('forgets what is over a minute old', () => {
    const { window, pass } = createWindow();
    for (let i = 0; i < 6; i++) {
      pass(10, 1);
      window.read();
    }
    for (let i = 0; i < 5; i++) {
      pass(10, 0);
      expect(window.read().utilization).toBeGreaterThan(0);
    }
    pass(10, 0);
    expect(window.read().utilization).toBe(0);
  });

  test('adds up what the process has done so far', () => {
    const { window, pass } = createWindow();
    pass(10, 0.5);
    window.read();
    pass(10, 0.5);
    expect(window.read().totals).toEqual({
      idleMs: 10_000,
      activeMs: 10_000,
      userMicros: 10e6,
      systemMicros: 2.5e6,
    });
  });

  test('says nothing of a time that has not passed', () => {
    const { window } = createWindow();
    expect(window.read()).toMatchObject({ delay: undefined, utilization: undefined, userCpus: undefined });
  });
});
