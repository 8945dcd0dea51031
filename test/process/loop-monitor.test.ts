import { describe, expect, test } from 'vitest';
import type { OverloadSample } from '../../src/health/overload.js';
import { createLoopGauge } from '../../src/process/loop-gauge.js';
import { LoopMonitor } from '../../src/process/loop-monitor.js';
import { createFakeClock } from '../support/fake-clock.js';

function createMonitor() {
  const clock = createFakeClock(0);
  const samples: OverloadSample[] = [];
  let isClosed = false;
  const gauge = {
    read: () => ({ delayP99Ms: samples.length, utilization: 0.5 }),
    close: () => {
      isClosed = true;
    },
  };
  const monitor = new LoopMonitor({
    clock,
    timers: clock,
    windowMs: 500,
    gauge,
    onSample: (sample) => samples.push(sample),
  });
  monitor.start();
  return { clock, samples, monitor, isClosed: () => isClosed };
}

describe('the monitor of the event loop', () => {
  test('takes one sample per window', async () => {
    const { clock, samples } = createMonitor();
    await clock.advance(1_600);
    expect(samples.map(({ delayP99Ms }) => delayP99Ms)).toEqual([0, 1, 2]);
  });

  test('ends with its gauge, and leaves no timer', async () => {
    const { clock, samples, monitor, isClosed } = createMonitor();
    monitor.stop();
    await clock.advance(2_000);
    expect(samples).toEqual([]);
    expect(clock.pending).toBe(0);
    expect(isClosed()).toBe(true);
    expect(monitor.stalledMs).toBe(0);
  });

  test('adds up for how long the loop was blocked', async () => {
    const { clock, monitor } = createMonitor();
    await clock.advance(600);
    clock.stall(2_000);
    await clock.advance(0);
    // The tick was due 400 ms after the block began.
    expect(monitor.stalledMs).toBe(1_600);
    await clock.advance(1_000);
    clock.stall(700);
    await clock.advance(0);
    expect(monitor.stalledMs).toBe(1_600 + 200);
  });

  test('knows of a block before the timer that it held up', async () => {
    const { clock, monitor } = createMonitor();
    clock.stall(1_500);
    expect(monitor.stalledMs).toBe(1_000);
    await clock.advance(0);
    expect(monitor.stalledMs).toBe(1_000);
  });

  test('reports its own lateness where that is more than the gauge has seen', async () => {
    const { clock, samples } = createMonitor();
    clock.stall(1_700);
    await clock.advance(500);
    expect(samples.map(({ delayP99Ms }) => delayP99Ms)).toEqual([1_200, 1]);
  });

  test('takes a timer that is a little late for no block', async () => {
    const { clock, monitor } = createMonitor();
    clock.stall(550);
    expect(monitor.stalledMs).toBe(0);
    clock.stall(1);
    expect(monitor.stalledMs).toBe(51);
  });
});

describe("Node's gauge", () => {
  test('sees a blocked loop in its window, and not in the next', async () => {
    const gauge = createLoopGauge();
    const rest = () => new Promise((resolve) => setTimeout(resolve, 60));
    gauge.read();
    // Node compares each look with the one before, and a window begins with none.
    await rest();
    const until = performance.now() + 150;
    while (performance.now() < until);
    await rest();
    const blocked = gauge.read();
    await rest();
    const after = gauge.read();
    gauge.close();

    expect(blocked.delayP99Ms).toBeGreaterThan(100);
    expect(blocked.utilization).toBeGreaterThan(after.utilization as number);
    expect(after.delayP99Ms).toBeLessThan(blocked.delayP99Ms);
  });
});
