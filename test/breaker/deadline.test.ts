import { expect, test } from 'vitest';
import { createDeadline } from '../../src/breaker/deadline.js';
import { createFakeClock } from '../support/fake-clock.js';

function start(timeoutMs: number) {
  const clock = createFakeClock();
  const expired: { at: number; stalledMs: number }[] = [];
  const begun = clock.now();
  const deadline = createDeadline({
    timeoutMs,
    timers: clock,
    now: clock.now,
    onExpired: (stalledMs) => expired.push({ at: clock.now() - begun, stalledMs }),
  });
  return { clock, deadline, expired };
}

test('it expires when its time is up, not a millisecond before, and once', () => {
  const { clock, expired } = start(250);
  clock.advanceNow(249);
  expect(expired).toEqual([]);
  clock.advanceNow(1);
  clock.advanceNow(10_000);
  expect(expired).toEqual([{ at: 250, stalledMs: 0 }]);
});

test('it does not expire once it is cleared, and leaves no timer', () => {
  const { clock, deadline, expired } = start(250);
  clock.advanceNow(249);
  deadline.clear();
  expect(clock.pending).toBe(0);
  clock.advanceNow(1_000);
  expect(expired).toEqual([]);
});

test('a timer that is 20 ms late is on time', () => {
  const { clock, expired } = start(250);
  clock.stall(270);
  clock.advanceNow(0);
  expect(expired).toEqual([{ at: 270, stalledMs: 0 }]);
});

test('a timer that is later than that gives one grace period of 50 ms, and says by how much it was late', () => {
  const { clock, expired } = start(250);
  clock.stall(400);
  clock.advanceNow(49);
  expect(expired).toEqual([]);
  clock.advanceNow(1);
  expect(expired).toEqual([{ at: 450, stalledMs: 150 }]);
});

test('a second block of the loop gives no second grace period', () => {
  const { clock, expired } = start(250);
  clock.stall(400);
  clock.advanceNow(10);
  clock.stall(1_000);
  clock.advanceNow(0);
  expect(expired).toEqual([{ at: 1_410, stalledMs: 150 }]);
});

test('a grace period is no longer than the timeout', () => {
  const { clock, expired } = start(5);
  clock.stall(100);
  clock.advanceNow(5);
  expect(expired).toEqual([{ at: 105, stalledMs: 95 }]);
});

test('it can be cleared in its grace period', () => {
  const { clock, deadline, expired } = start(250);
  clock.stall(400);
  clock.advanceNow(10);
  deadline.clear();
  expect(clock.pending).toBe(0);
  clock.advanceNow(1_000);
  expect(expired).toEqual([]);
});
