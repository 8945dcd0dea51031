import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRetryBudget } from '../../src/breaker/retry-budget.js';
import { createFakeClock } from '../support/fake-clock.js';

function createBudget(options: { ratio?: number; floorPerSecond?: number; ttlMs?: number } = {}) {
  const clock = createFakeClock();
  const budget = createRetryBudget({ ratio: 0.2, floorPerSecond: 0, now: clock.now, ...options });
  const deposit = (count: number) => {
    for (let i = 0; i < count; i += 1) budget.deposit();
  };
  const withdraw = (tries: number) =>
    Array.from({ length: tries }, () => budget.tryWithdraw()).filter(Boolean).length;
  return { clock, budget, deposit, withdraw };
}

test('a fifth of the calls may be retried, and no more', () => {
  const { deposit, withdraw } = createBudget();
  deposit(100);
  expect(withdraw(1_000)).toBe(20);
});

test('deposits add up to whole retries, rounding or not', () => {
  const { deposit, withdraw } = createBudget({ ratio: 0.1 });
  deposit(9);
  expect(withdraw(1)).toBe(0);
  deposit(1);
  expect(withdraw(2)).toBe(1);
});

test('what was earned is gone after ten seconds', () => {
  const { clock, budget, deposit, withdraw } = createBudget();
  deposit(50);
  clock.advanceNow(9_999);
  expect(budget.balance).toBe(10);
  clock.advanceNow(1);
  expect(budget.balance).toBe(0);
  expect(withdraw(1)).toBe(0);
});

test('few calls have a retry for each second all the same, at first those of ten seconds', () => {
  const clock = createFakeClock();
  const budget = createRetryBudget({ ratio: 0.2, now: clock.now });
  for (let i = 0; i < 10; i += 1) expect(budget.tryWithdraw()).toBe(true);
  expect(budget.tryWithdraw()).toBe(false);
  clock.advanceNow(10_000);
  expect(budget.balance).toBe(10);
});

test('a clock that goes back neither earns nor loses', () => {
  let now = 50_000;
  const budget = createRetryBudget({ ratio: 1, floorPerSecond: 0, now: () => now });
  budget.deposit();
  now = 0;
  expect(budget.balance).toBe(1);
  expect(budget.tryWithdraw()).toBe(true);
  expect(budget.tryWithdraw()).toBe(false);
});

test('whatever is asked for, retries stay within the share of the calls and the floor', () => {
  const act = fc.oneof(fc.constant('call' as const), fc.constant('retry' as const), fc.nat(3_000));
  fc.assert(
    fc.property(
      fc.array(act, { maxLength: 300 }),
      fc.constantFrom(0.1, 0.2, 0.5, 1),
      fc.nat(2),
      (acts, ratio, floor) => {
        const clock = createFakeClock();
        const budget = createRetryBudget({ ratio, floorPerSecond: floor, now: clock.now });
        const begun = clock.now();
        let calls = 0;
        let retries = 0;
        for (const each of acts) {
          if (typeof each === 'number') clock.advanceNow(each);
          else if (each === 'call') {
            calls += 1;
            budget.deposit();
          } else if (budget.tryWithdraw()) retries += 1;
          const periods = Math.floor((clock.now() - begun) / 9_000) + 1;
          expect(retries).toBeLessThanOrEqual(calls * ratio + floor * 10 * periods + 1e-9);
        }
      },
    ),
  );
});
