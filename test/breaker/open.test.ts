import { describe, expect, test } from 'vitest';
import type { Permit } from '../../src/breaker/permit.js';
import { createHarness } from './support/harness.js';

test('it rejects, counts the rejections and says when to come back', () => {
  const { breaker, trip, advance } = createHarness();
  trip();
  advance(1_500);
  expect(breaker.tryAcquire()).toBeUndefined();
  expect(breaker.tryAcquire()).toBeUndefined();
  expect(breaker.snapshot()).toMatchObject({
    state: 'open',
    rejected: 2,
    openedAt: 1_000,
    retryAfterMs: 3_500,
  });
});

test('the counts that opened it stay readable', () => {
  const { breaker, trip } = createHarness();
  trip();
  expect(breaker.snapshot()).toMatchObject({ calls: 20, failures: 20, failureRatio: 1 });
});

test('the first call at exactly the end of the period is a probe', () => {
  const { breaker, trip, advance, moves } = createHarness();
  trip();
  advance(4_999);
  expect(breaker.tryAcquire()).toBeUndefined();
  advance(1);
  expect(breaker.tryAcquire()).toBeDefined();
  expect(moves).toEqual(['closed>open:failure-ratio', 'open>half-open:elapsed']);
});

test('it reads half-open once the period is over, though nobody has called', () => {
  const { breaker, trip, advance, moves } = createHarness();
  trip();
  advance(5_000);
  expect(breaker.state).toBe('half-open');
  expect(breaker.snapshot()).toMatchObject({ state: 'half-open', retryAfterMs: 0 });
  expect(breaker.retryAfterMs).toBe(0);
  expect(moves).toHaveLength(1);
});

test.each(['success', 'failure'] as const)('a late %s changes nothing, and is counted as late', (ending) => {
  const { breaker, acquire, trip, moves, advance } = createHarness();
  const late = acquire();
  trip();
  advance(1_000);
  late[ending]();
  expect(breaker.snapshot()).toMatchObject({ state: 'open', calls: 20, late: 1, retryAfterMs: 4_000 });
  expect(moves).toHaveLength(1);
});

test('a late Retry-After does not lengthen the period, and a late ignored call is not even counted', () => {
  const { breaker, acquire, trip } = createHarness();
  const [held, ignored] = [acquire(), acquire()];
  trip();
  held.hold(60_000);
  ignored.ignore();
  expect(breaker.snapshot()).toMatchObject({ late: 1, retryAfterMs: 5_000 });
});

describe('back-off', () => {
  const periods = ({ breaker, fail, advance }: ReturnType<typeof createHarness>, count: number) =>
    Array.from({ length: count }, () => {
      const period = breaker.retryAfterMs;
      advance(period);
      fail(2);
      return period;
    });

  test('doubles while the probes fail, up to the bound', () => {
    const harness = createHarness();
    harness.trip();
    expect(periods(harness, 6)).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  test('begins anew once it was closed', () => {
    const harness = createHarness();
    harness.trip();
    periods(harness, 3);
    harness.advance(40_000);
    harness.succeed(2);
    expect(harness.breaker.state).toBe('closed');
    harness.trip();
    expect(harness.breaker.retryAfterMs).toBe(5_000);
  });

  test('is not raised by a Retry-After', () => {
    const { breaker, acquire, advance, fail } = createHarness();
    acquire().hold(2_000);
    advance(2_000);
    acquire().hold(2_000);
    advance(2_000);
    fail(2);
    expect(breaker.retryAfterMs).toBe(5_000);
  });

  test('is not forgotten over a Retry-After either', () => {
    const { breaker, acquire, advance, fail, trip } = createHarness();
    trip();
    advance(5_000);
    acquire().hold(2_000);
    advance(2_000);
    fail(2);
    expect(breaker.retryAfterMs).toBe(10_000);
  });

  test('does not overflow however long an upstream is down', () => {
    const harness = createHarness({ openMs: 1, maxOpenMs: 10 });
    harness.trip();
    expect(periods(harness, 2_000).at(-1)).toBe(10);
  });
});

describe('jitter', () => {
  test.each([
    [0, 5_000],
    [0.5, 5_250],
    [0.999, 5_499.5],
  ])('lengthens a period and never shortens it: chance %d', (chance, periodMs) => {
    const { breaker, trip } = createHarness({ jitterRatio: 0.1 }, { random: () => chance });
    trip();
    expect(breaker.retryAfterMs).toBeCloseTo(periodMs, 6);
  });

  test('spreads a bounded period too', () => {
    const { breaker, trip } = createHarness({ jitterRatio: 0.2, openMs: 60_000 });
    trip();
    expect(breaker.retryAfterMs).toBeCloseTo(66_000, 6);
  });

  test('never makes a hold longer than the upstream has asked for', () => {
    const { breaker, acquire } = createHarness({ jitterRatio: 1 });
    acquire().hold(7_000);
    expect(breaker.retryAfterMs).toBe(7_000);
  });
});

describe('a Retry-After of a failure', () => {
  const failWith = (acquire: () => Permit, retryAfterMs: number) =>
    acquire().failure(undefined, '503', { isAnswer: true, retryAfterMs });

  test('opens nothing by itself', () => {
    const { breaker, acquire, succeed } = createHarness();
    succeed(30);
    failWith(acquire, 30_000);
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', calls: 31, failures: 1 });
  });

  test('sets how long the circuit stays open that it opens, to the millisecond', () => {
    const { breaker, acquire, fail } = createHarness({ jitterRatio: 1 });
    fail(19);
    failWith(acquire, 2_000);
    expect(breaker.snapshot()).toMatchObject({ state: 'open', retryAfterMs: 2_000 });
  });

  test('is bounded like every period', () => {
    const { breaker, acquire, fail } = createHarness();
    fail(19);
    failWith(acquire, 3_600_000);
    expect(breaker.retryAfterMs).toBe(60_000);
  });

  test.each([0, -1, Number.NaN])('of %d says nothing', (retryAfterMs) => {
    const { breaker, acquire, fail } = createHarness();
    fail(19);
    failWith(acquire, retryAfterMs);
    expect(breaker.retryAfterMs).toBe(5_000);
  });

  test('counts for the opening that the probes bring about, which raises the back-off all the same', () => {
    const { breaker, acquire, fail, trip, advance } = createHarness();
    trip();
    advance(5_000);
    fail(1);
    failWith(acquire, 1_000);
    expect(breaker.snapshot()).toMatchObject({ state: 'open', retryAfterMs: 1_000 });
    advance(1_000);
    fail(2);
    expect(breaker.retryAfterMs).toBe(20_000);
  });
});

describe('a clock that goes back', () => {
  test('does not lengthen the open period', () => {
    let now = 10_000;
    const { breaker, trip } = createHarness({}, { now: () => now });
    trip();
    now = 12_000;
    expect(breaker.retryAfterMs).toBe(3_000);
    now = 1_000;
    expect(breaker.retryAfterMs).toBe(3_000);
    now = 4_000;
    expect(breaker.state).toBe('half-open');
  });

  test('loses no call and keeps none for ever', () => {
    let now = 1e6;
    const { breaker, fail, succeed } = createHarness({}, { now: () => now });
    fail(5);
    now = 0;
    succeed(5);
    expect(breaker.snapshot()).toMatchObject({ calls: 10, failures: 5 });
    now = 10_000;
    expect(breaker.snapshot()).toMatchObject({ calls: 0, failures: 0 });
  });
});
