import { expect, test } from 'vitest';
import { atMost } from '../../src/core/timers.js';
import { createDeferred, never } from '../health/support/harness.js';
import { createFakeClock } from '../support/fake-clock.js';

test('waiting ends with the work, and leaves no timer', async () => {
  const clock = createFakeClock();
  const work = createDeferred();
  const waiting = atMost(clock, 800, work.promise);
  work.resolve();
  await waiting;
  expect(clock.pending).toBe(0);
});

test('waiting ends well when the work fails', async () => {
  await expect(atMost(createFakeClock(), 800, Promise.reject(undefined))).resolves.toBeUndefined();
});

test('waiting ends at the limit, not a millisecond before', async () => {
  const clock = createFakeClock();
  let isOver = false;
  void atMost(clock, 800, never()).then(() => {
    isOver = true;
  });
  await clock.advance(799);
  expect(isOver).toBe(false);
  await clock.advance(1);
  expect(isOver).toBe(true);
});
