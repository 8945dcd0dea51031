import { afterEach, expect, test, vi } from 'vitest';
import { createSystemClock } from '../../src/core/clock.js';

afterEach(() => {
  vi.restoreAllMocks();
});

function createClockAt(start: { monotonic: number; wall: number }) {
  const time = { ...start };
  vi.spyOn(performance, 'now').mockImplementation(() => time.monotonic);
  vi.spyOn(Date, 'now').mockImplementation(() => time.wall);
  return { time, clock: createSystemClock() };
}

test('a moment reads as the wall clock did', () => {
  const { time, clock } = createClockAt({ monotonic: 500, wall: 1_700_000_000_000 });
  time.monotonic += 250;
  expect(clock.epochMs()).toBe(1_700_000_000_250);
  expect(clock.epochMs(600)).toBe(1_700_000_000_100);
});

test('a step of the wall clock is followed by the first moment that is a second newer than the last check', () => {
  const { time, clock } = createClockAt({ monotonic: 500, wall: 1_700_000_000_000 });
  time.monotonic += 1_001;
  time.wall += 1_001 + 60_000;
  // Asked about a moment from before, it answers as before.
  expect(clock.epochMs(1_400)).toBe(1_700_000_000_900);
  expect(clock.epochMs(1_501)).toBe(1_700_000_061_001);
  expect(clock.epochMs(1_400)).toBe(1_700_000_060_900);
});

test('a drift of less than 5 ms is left alone', () => {
  const { time, clock } = createClockAt({ monotonic: 500, wall: 1_700_000_000_000 });
  time.monotonic += 2_000;
  time.wall += 2_004;
  expect(clock.epochMs()).toBe(1_700_000_002_000);
});
