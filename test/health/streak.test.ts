import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Status } from '../../src/health/status.js';
import { Streak } from '../../src/health/streak.js';

// The rule, read off the whole history each time.
function naiveStatus(history: readonly Status[], failAfter: number, passAfter: number): Status {
  let status = history[0] as Status;
  for (let end = 1; end <= history.length; end += 1) {
    const lastFails = history.slice(Math.max(0, end - failAfter), end);
    const lastOthers = history.slice(Math.max(0, end - passAfter), end);
    const latest = history[end - 1] as Status;
    if (status !== 'fail' && lastFails.length === failAfter && lastFails.every((one) => one === 'fail'))
      status = 'fail';
    else if (
      status === 'fail' &&
      lastOthers.length === passAfter &&
      lastOthers.every((one) => one !== 'fail')
    )
      status = latest;
    else if (status !== 'fail' && latest !== 'fail') status = latest;
  }
  return status;
}

const results = fc.array(fc.constantFrom<Status>('pass', 'warn', 'fail'), { minLength: 1, maxLength: 40 });
const threshold = fc.integer({ min: 1, max: 5 });

test('the status is what a naive reading of the history says', () => {
  fc.assert(
    fc.property(results, threshold, threshold, (history, failAfter, passAfter) => {
      const streak = new Streak(failAfter, passAfter);
      for (const result of history) streak.push(result);
      expect(streak.status).toBe(naiveStatus(history, failAfter, passAfter));
    }),
    { numRuns: 500 },
  );
});

test('failures are counted since the last result that was none', () => {
  fc.assert(
    fc.property(results, (history) => {
      const streak = new Streak(3, 3);
      for (const result of history) streak.push(result);
      const sinceOther = history.length - 1 - history.findLastIndex((result) => result !== 'fail');
      expect(streak.failures).toBe(sinceOther);
    }),
  );
});

test('a first failure counts at once: there is no better status to hold on to', () => {
  const streak = new Streak(3, 1);
  expect(streak.status).toBeUndefined();
  streak.push('fail');
  expect(streak.status).toBe('fail');
});
