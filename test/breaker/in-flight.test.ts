import { expect, test } from 'vitest';
import { createHarness } from './support/harness.js';

const options = { slowCallMs: 1_000, slowRatio: 0.5, minimumCalls: 4 };

test('calls that hang open it before any of them has ended', () => {
  const { breaker, acquire, advance, moves, transitions } = createHarness(options);
  for (let i = 0; i < 4; i += 1) acquire();
  advance(1_001);
  expect(breaker.tryAcquire()).toBeUndefined();
  expect(moves).toEqual(['closed>open:slow-ratio']);
  expect(transitions[0]).toMatchObject({ reasons: { slow: 4 }, snapshot: { calls: 4, slow: 4 } });
});

test('a call under way is overdue when it takes longer than the limit, not when it takes as long', () => {
  const { breaker, acquire, advance } = createHarness(options);
  for (let i = 0; i < 4; i += 1) acquire();
  advance(1_000);
  acquire();
  expect(breaker.snapshot()).toMatchObject({ calls: 0, slow: 0 });
});

test('a slow call is counted once, though it was counted before it ended', () => {
  const { breaker, acquire, advance } = createHarness(options);
  const permit = acquire();
  advance(1_500);
  acquire();
  expect(breaker.snapshot()).toMatchObject({ calls: 1, slow: 1, failures: 0 });
  permit.success();
  expect(breaker.snapshot()).toMatchObject({ calls: 1, slow: 1, failures: 0 });
});

test('a slow call that fails in the end is counted once, as both', () => {
  const { breaker, acquire, advance } = createHarness(options);
  const permit = acquire();
  advance(1_500);
  acquire();
  permit.failure();
  expect(breaker.snapshot()).toMatchObject({ calls: 1, slow: 1, failures: 1 });
});

test('a slow call that is ignored in the end is no evidence any more', () => {
  const { breaker, acquire, advance } = createHarness(options);
  const permit = acquire();
  advance(1_500);
  acquire();
  permit.ignore();
  expect(breaker.snapshot()).toMatchObject({ calls: 0, slow: 0 });
});

test('a call whose measured duration was short was not slow, however late its end was told', () => {
  const { breaker, acquire, advance } = createHarness(options);
  const permit = acquire();
  advance(1_500);
  acquire();
  permit.success(20);
  expect(breaker.snapshot()).toMatchObject({ calls: 1, slow: 0 });
});

test('a call counts from when it ended, though it was counted before', () => {
  const { breaker, acquire, advance } = createHarness(options);
  const permit = acquire();
  advance(1_500);
  acquire();
  advance(9_000);
  permit.success();
  advance(5_000);
  expect(breaker.snapshot()).toMatchObject({ calls: 1, slow: 1 });
});

test('a call that ends after it has aged out of the window is counted again, not twice', () => {
  const { breaker, acquire, advance } = createHarness(options);
  const permit = acquire();
  advance(1_500);
  acquire().ignore();
  advance(30_000);
  expect(breaker.snapshot()).toMatchObject({ calls: 0, slow: 0 });
  permit.failure();
  expect(breaker.snapshot()).toMatchObject({ calls: 1, slow: 1, failures: 1 });
});

test('probes that hang open it again', () => {
  const { breaker, acquire, advance, fail, moves } = createHarness(options);
  fail(4);
  advance(5_000);
  acquire();
  acquire();
  advance(1_001);
  expect(breaker.tryAcquire()).toBeUndefined();
  expect(moves.at(-1)).toBe('half-open>open:slow-ratio');
});

test('a probe counted as slow has used its permit', () => {
  const { breaker, acquire, advance, fail } = createHarness({ ...options, slowRatio: 1 });
  fail(4);
  advance(5_000);
  acquire();
  advance(1_001);
  acquire();
  acquire();
  expect(breaker.tryAcquire()).toBeUndefined();
  expect(breaker.snapshot()).toMatchObject({ state: 'half-open', calls: 1, slow: 1 });
});

test('a probe counted as slow and ignored in the end gives its permit back', () => {
  const { breaker, acquire, advance, fail } = createHarness({ ...options, slowRatio: 1 });
  fail(4);
  advance(5_000);
  const probe = acquire();
  advance(1_001);
  acquire();
  acquire();
  probe.ignore();
  expect(breaker.tryAcquire()).toBeDefined();
  expect(breaker.tryAcquire()).toBeUndefined();
});

test('a probe whose lease ran out counts as slow all the same', () => {
  const { breaker, acquire, advance, fail } = createHarness({ ...options, leaseMs: 500 });
  fail(4);
  advance(5_000);
  acquire();
  acquire();
  acquire();
  advance(600);
  acquire();
  advance(500);
  expect(breaker.tryAcquire()).toBeUndefined();
  expect(breaker.snapshot()).toMatchObject({ state: 'open', calls: 2, slow: 2 });
});

test('also where nobody asked between the end of its lease and then, until it ends otherwise', () => {
  const { breaker, acquire, advance, fail } = createHarness({ ...options, leaseMs: 500 });
  fail(4);
  advance(5_000);
  const probe = acquire();
  advance(1_100);
  acquire();
  expect(breaker.snapshot()).toMatchObject({ state: 'half-open', calls: 1, slow: 1 });
  probe.failure(1);
  expect(breaker.snapshot()).toMatchObject({ state: 'half-open', calls: 1, failures: 1, slow: 0, late: 0 });
});

test('calls under way from before a change of state are not counted after it', () => {
  const { breaker, acquire, advance } = createHarness(options);
  for (let i = 0; i < 10; i += 1) acquire();
  breaker.reset();
  advance(2_000);
  acquire();
  expect(breaker.snapshot()).toMatchObject({ state: 'closed', calls: 0, slow: 0 });
});

test('calls that end out of order leave the others in order', () => {
  const { breaker, acquire, advance } = createHarness({ ...options, minimumCalls: 100 });
  const permits = Array.from({ length: 7 }, () => {
    advance(10);
    return acquire();
  });
  for (const at of [3, 0, 6, 4]) permits[at]?.ignore();
  advance(1_000);
  acquire();
  expect(breaker.snapshot()).toMatchObject({ calls: 3, slow: 3 });
});

test('a limit that is set later holds for the calls after it', () => {
  const { breaker, acquire, advance } = createHarness();
  const before = acquire();
  breaker.configure(options);
  acquire();
  advance(2_000);
  acquire();
  before.success();
  expect(breaker.snapshot()).toMatchObject({ calls: 2, slow: 1 });
});

test('while this process is stalled itself, no call is slow, under way or ended', () => {
  let isStalled = true;
  const { breaker, acquire, advance } = createHarness(options, { isStalled: () => isStalled });
  const permits = [acquire(), acquire()];
  advance(1_001);
  acquire();
  permits[0]?.success();
  expect(breaker.snapshot()).toMatchObject({ calls: 1, slow: 0 });
  isStalled = false;
  acquire();
  expect(breaker.snapshot()).toMatchObject({ calls: 2, slow: 1 });
});
