import { expect, test } from 'vitest';
import { createHarness } from './support/harness.js';

test('it stays closed below the minimum, however many fail', () => {
  const { breaker, fail } = createHarness();
  fail(19);
  expect(breaker.state).toBe('closed');
  expect(breaker.snapshot()).toMatchObject({ calls: 19, failures: 19, failureRatio: undefined });
});

test('it opens with the call that completes the minimum', () => {
  const { breaker, fail, moves } = createHarness();
  fail(20);
  expect(breaker.state).toBe('open');
  expect(moves).toEqual(['closed>open:failure-ratio']);
});

test('reaching the ratio is enough', () => {
  const { breaker, fail, succeed } = createHarness();
  succeed(10);
  fail(9);
  expect(breaker.state).toBe('closed');
  fail(1);
  expect(breaker.state).toBe('open');
});

test('a ratio just below does not open it', () => {
  const { breaker, fail, succeed } = createHarness();
  succeed(11);
  fail(10);
  expect(breaker.snapshot()).toMatchObject({ state: 'closed', failureRatio: 10 / 21 });
});

test.each([
  [0.07, 100, 7],
  [0.1, 30, 3],
  [0.29, 100, 29],
  [0.57, 100, 57],
  [1 / 3, 21, 7],
])(
  'a ratio of %d is reached by %d calls with %d failures, rounding or not',
  (failureRatio, calls, failures) => {
    const one = createHarness({ failureRatio, minimumCalls: calls });
    one.succeed(calls - failures);
    one.fail(failures);
    expect(one.breaker.state).toBe('open');
    const other = createHarness({ failureRatio, minimumCalls: calls });
    other.succeed(calls - failures + 1);
    other.fail(failures - 1);
    expect(other.breaker.state).toBe('closed');
  },
);

test('a success can be the call that opens it', () => {
  const { breaker, fail, succeed } = createHarness();
  fail(19);
  succeed(1);
  expect(breaker.state).toBe('open');
});

test('calls that have aged out do not count', () => {
  const { breaker, fail, advance } = createHarness();
  fail(19);
  advance(10_000);
  fail(1);
  expect(breaker.snapshot()).toMatchObject({ state: 'closed', calls: 1 });
});

test('calls a minute apart never open it, however small the window', () => {
  const { breaker, fail, advance } = createHarness({ windowMs: 1_000, minimumCalls: 3 });
  for (let i = 0; i < 10; i += 1) {
    fail(1);
    advance(60_000);
  }
  expect(breaker.state).toBe('closed');
});

test('a window of calls does not age', () => {
  const { breaker, fail, advance } = createHarness({ windowCalls: 3 });
  for (let i = 0; i < 3; i += 1) {
    fail(1);
    advance(60_000);
  }
  expect(breaker.snapshot()).toMatchObject({ calls: 3, failures: 3 });
});

test('an ignored call is no evidence either way', () => {
  const { breaker, acquire, fail } = createHarness();
  for (let i = 0; i < 100; i += 1) acquire().ignore();
  fail(19);
  expect(breaker.snapshot()).toMatchObject({ state: 'closed', calls: 19, late: 0 });
});

test('only the first ending of a permit counts', () => {
  const { breaker, acquire } = createHarness();
  const permit = acquire();
  permit.success();
  permit.success();
  permit.failure();
  permit.ignore();
  permit.hold(1_000);
  expect(breaker.snapshot()).toMatchObject({ state: 'closed', calls: 1, failures: 0, late: 0 });
});

test('a permit that is never ended counts for nothing', () => {
  const { breaker, acquire, fail } = createHarness();
  for (let i = 0; i < 100; i += 1) acquire();
  fail(19);
  expect(breaker.state).toBe('closed');
});

test('a call is slow when it takes longer than the limit, not when it takes as long', () => {
  const { breaker, acquire } = createHarness({ slowCallMs: 100 });
  acquire().success(100);
  acquire().success(100.1);
  acquire().failure(500);
  expect(breaker.snapshot()).toMatchObject({ calls: 3, failures: 1, slow: 2 });
});

test('a duration that is not given is measured from the permit', () => {
  const { breaker, acquire, advance } = createHarness({ slowCallMs: 100 });
  const [first, second] = [acquire(), acquire()];
  advance(100);
  first.success();
  advance(1);
  second.success();
  expect(breaker.snapshot()).toMatchObject({ calls: 2, slow: 1 });
});

test('nothing is slow unless there is a limit', () => {
  const { breaker, acquire } = createHarness();
  acquire().success(1e9);
  expect(breaker.snapshot()).toMatchObject({ slow: 0, slowRatio: undefined });
});

test('slow calls open it though none failed', () => {
  const { acquire, moves, transitions } = createHarness({ slowCallMs: 100, slowRatio: 0.5 });
  for (let i = 0; i < 10; i += 1) acquire().success(1);
  for (let i = 0; i < 10; i += 1) acquire().success(1_000);
  expect(moves).toEqual(['closed>open:slow-ratio']);
  expect(transitions[0]).toMatchObject({ reasons: { slow: 10 }, snapshot: { slow: 10, slowRatio: 0.5 } });
});

test('an upstream that asks to be left alone is, at once and for that long', () => {
  const { breaker, acquire, moves, advance } = createHarness();
  acquire().hold(3_000);
  expect(breaker.snapshot()).toMatchObject({ state: 'open', retryAfterMs: 3_000, calls: 0, failures: 0 });
  expect(moves).toEqual(['closed>open:retry-after']);
  advance(2_999);
  expect(breaker.tryAcquire()).toBeUndefined();
  advance(1);
  expect(breaker.tryAcquire()).toBeDefined();
});

test('an upstream is never left alone for longer than the bound', () => {
  const { breaker, acquire } = createHarness();
  acquire().hold(3_600_000);
  expect(breaker.retryAfterMs).toBe(60_000);
});

test.each([0, -1, Number.NaN])('a Retry-After of %d is no evidence', (retryAfterMs) => {
  const { breaker, acquire } = createHarness();
  acquire().hold(retryAfterMs);
  expect(breaker.snapshot()).toMatchObject({ state: 'closed', calls: 0, late: 0 });
});
