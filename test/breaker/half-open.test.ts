import { describe, expect, test } from 'vitest';
import type { BreakerOptions } from '../../src/breaker/options.js';
import { createHarness } from './support/harness.js';

const createHalfOpen = (options: BreakerOptions = {}) => {
  const harness = createHarness(options);
  harness.trip();
  harness.advance(5_000);
  return harness;
};

test('no more calls than probes are let through at once', () => {
  const { breaker, acquire } = createHalfOpen();
  for (let i = 0; i < 3; i += 1) acquire();
  expect(breaker.tryAcquire()).toBeUndefined();
  expect(breaker.snapshot()).toMatchObject({ state: 'half-open', rejected: 1, retryAfterMs: 0 });
});

test('nor in all, before it is decided', () => {
  const { breaker, acquire, succeed } = createHalfOpen();
  succeed(1);
  acquire();
  acquire();
  expect(breaker.tryAcquire()).toBeUndefined();
});

test('it starts with an empty window', () => {
  const { breaker, acquire } = createHalfOpen();
  acquire();
  expect(breaker.snapshot()).toMatchObject({
    state: 'half-open',
    calls: 0,
    failures: 0,
    failureRatio: undefined,
  });
});

describe('the decision', () => {
  test('to close is taken when the probes to come cannot change it', () => {
    const { breaker, succeed, moves } = createHalfOpen();
    succeed(1);
    expect(breaker.state).toBe('half-open');
    succeed(1);
    expect(breaker.state).toBe('closed');
    expect(moves.at(-1)).toBe('half-open>closed:probes-passed');
  });

  test('to open is taken when the probes to come cannot change it', () => {
    const { breaker, fail, moves } = createHalfOpen();
    fail(1);
    expect(breaker.state).toBe('half-open');
    fail(1);
    expect(breaker.state).toBe('open');
    expect(moves.at(-1)).toBe('half-open>open:probes-failed');
  });

  test('one of three may fail', () => {
    const { breaker, fail, succeed } = createHalfOpen();
    succeed(1);
    fail(1);
    expect(breaker.state).toBe('half-open');
    succeed(1);
    expect(breaker.state).toBe('closed');
  });

  test('reaching the ratio is enough to open', () => {
    const { breaker, fail, succeed } = createHalfOpen({ probes: 2 });
    succeed(1);
    expect(breaker.state).toBe('half-open');
    fail(1);
    expect(breaker.state).toBe('open');
  });

  test('may need every probe to succeed', () => {
    const { breaker, fail, succeed } = createHalfOpen({ failureRatio: 0.1 });
    succeed(2);
    expect(breaker.state).toBe('half-open');
    fail(1);
    expect(breaker.state).toBe('open');
  });

  test('may need every probe to fail', () => {
    const { breaker, fail, succeed } = createHalfOpen({ failureRatio: 1 });
    fail(2);
    expect(breaker.state).toBe('half-open');
    succeed(1);
    expect(breaker.state).toBe('closed');
  });

  test('may go against slow probes that did not fail', () => {
    const { breaker, acquire, moves } = createHalfOpen({ slowCallMs: 100, slowRatio: 0.5 });
    acquire().success(1);
    expect(breaker.state).toBe('half-open');
    acquire().success(500);
    acquire().success(500);
    expect(moves.at(-1)).toBe('half-open>open:slow-ratio');
  });

  test('waits for a slow ratio that is still open', () => {
    const { breaker, acquire } = createHalfOpen({ slowCallMs: 100, slowRatio: 0.4 });
    acquire().success(1);
    expect(breaker.state).toBe('half-open');
    acquire().success(1);
    expect(breaker.state).toBe('closed');
  });
});

test('closing empties the window', () => {
  const { breaker, succeed, fail } = createHalfOpen();
  fail(1);
  succeed(2);
  expect(breaker.snapshot()).toMatchObject({ state: 'closed', calls: 0, failures: 0, openedAt: undefined });
});

test('what the probes came to stays readable after they failed', () => {
  const { breaker, fail } = createHalfOpen();
  fail(2);
  expect(breaker.snapshot()).toMatchObject({ state: 'open', calls: 2, failures: 2 });
});

test('an ignored probe gives its permit back', () => {
  const { breaker, acquire } = createHalfOpen();
  const probes = [acquire(), acquire(), acquire()];
  probes[1]?.ignore();
  expect(breaker.snapshot()).toMatchObject({ state: 'half-open', calls: 0 });
  acquire();
  expect(breaker.tryAcquire()).toBeUndefined();
});

test('ignored calls from before it opened give no permits away', () => {
  const harness = createHarness();
  const early = Array.from({ length: 10 }, () => harness.acquire());
  harness.trip();
  harness.advance(5_000);
  for (let i = 0; i < 3; i += 1) harness.acquire();
  for (const permit of early) permit.ignore();
  expect(harness.breaker.tryAcquire()).toBeUndefined();
});

test.each(['success', 'failure'] as const)(
  'a late %s of a call from before it opened decides nothing',
  (ending) => {
    const harness = createHarness();
    const late = Array.from({ length: 5 }, () => harness.acquire());
    harness.trip();
    harness.advance(5_000);
    harness.acquire();
    for (const permit of late) permit[ending]();
    expect(harness.breaker.snapshot()).toMatchObject({ state: 'half-open', calls: 0, late: 5 });
  },
);

test('a late result of an earlier half-open period decides nothing either', () => {
  const { breaker, acquire, fail, advance } = createHalfOpen();
  const late = acquire();
  fail(2);
  advance(10_000);
  acquire();
  late.failure();
  expect(breaker.snapshot()).toMatchObject({ state: 'half-open', calls: 0, late: 1 });
});

test('a probe that is told to come back later opens it for that long', () => {
  const { breaker, acquire, moves } = createHalfOpen();
  acquire().hold(7_000);
  expect(moves.at(-1)).toBe('half-open>open:retry-after');
  expect(breaker.retryAfterMs).toBe(7_000);
});

describe('a probe that hangs', () => {
  test('keeps its permit until its lease runs out, and no longer', () => {
    const { breaker, acquire, advance } = createHalfOpen();
    for (let i = 0; i < 3; i += 1) acquire();
    advance(4_999);
    expect(breaker.tryAcquire()).toBeUndefined();
    advance(1);
    for (let i = 0; i < 3; i += 1) acquire();
    expect(breaker.tryAcquire()).toBeUndefined();
  });

  test('gives back one permit, where others still run', () => {
    const { breaker, acquire, advance } = createHalfOpen();
    acquire();
    advance(1_000);
    acquire();
    acquire();
    advance(4_000);
    acquire();
    expect(breaker.tryAcquire()).toBeUndefined();
  });

  test.each([
    ['success', 'closed'],
    ['failure', 'open'],
  ] as const)('still counts when it comes back after its place was given to another: %s', (ending, state) => {
    const { breaker, acquire, advance } = createHalfOpen();
    const hung = [acquire(), acquire(), acquire()];
    advance(60_000);
    const next = acquire();
    for (const permit of hung) permit[ending]();
    expect(breaker.snapshot()).toMatchObject({ state, late: 1 });
    next.success();
    expect(breaker.snapshot()).toMatchObject({ state, late: 2 });
  });

  test('leaves a place for each result that is still needed, and no more', () => {
    const { breaker, acquire, advance } = createHalfOpen({ failureRatio: 1 });
    const hung = [acquire(), acquire(), acquire()];
    advance(5_000);
    hung[0]?.failure();
    acquire();
    acquire();
    expect(breaker.tryAcquire()).toBeUndefined();
  });

  test('closes a circuit whose upstream is slower than its lease, however slow it is', () => {
    const { breaker, acquire, advance } = createHalfOpen();
    const underWay = [];
    for (let second = 0; second < 17; second += 1) {
      for (let permit = breaker.tryAcquire(); permit !== undefined; permit = breaker.tryAcquire())
        underWay.push(permit);
      advance(1_000);
    }
    // Three for each lease of 5 s.
    expect(underWay).toHaveLength(12);
    underWay[0]?.success();
    underWay[1]?.success();
    expect(breaker.state).toBe('closed');
    acquire();
  });

  test.each<[string, BreakerOptions, number]>([
    ['a lease of its own', { leaseMs: 700 }, 700],
    ['the deadline of a call where that is longer', { timeoutMs: 30_000 }, 30_000],
    ['the open period where that is longer', { timeoutMs: 3_000 }, 5_000],
  ])('has %s', (_, options, leaseMs) => {
    const { breaker, acquire, advance } = createHalfOpen(options);
    for (let i = 0; i < 3; i += 1) acquire();
    advance(leaseMs - 1);
    expect(breaker.tryAcquire()).toBeUndefined();
    advance(1);
    expect(breaker.tryAcquire()).toBeDefined();
  });

  test('has as long as the open period that backed off', () => {
    const { breaker, acquire, advance, fail } = createHalfOpen();
    fail(2);
    advance(10_000);
    for (let i = 0; i < 3; i += 1) acquire();
    advance(9_999);
    expect(breaker.tryAcquire()).toBeUndefined();
    advance(1);
    expect(breaker.tryAcquire()).toBeDefined();
  });

  test('has at least the first open period after a short Retry-After', () => {
    const { breaker, acquire, advance } = createHarness();
    acquire().hold(10);
    advance(10);
    for (let i = 0; i < 3; i += 1) acquire();
    advance(4_999);
    expect(breaker.tryAcquire()).toBeUndefined();
  });

  test('never wedges it, however many do', () => {
    const { breaker, acquire, advance, succeed } = createHalfOpen();
    for (let round = 0; round < 50; round += 1) {
      for (let i = 0; i < 3; i += 1) acquire();
      expect(breaker.tryAcquire()).toBeUndefined();
      advance(5_000);
    }
    succeed(2);
    expect(breaker.state).toBe('closed');
  });
});

test('it waits for ever for a call, without deciding anything', () => {
  const { breaker, acquire, advance } = createHalfOpen();
  acquire().ignore();
  advance(1e9);
  expect(breaker.state).toBe('half-open');
});

describe('a probe that the upstream has begun to answer', () => {
  test('is a success from then on, though its body may never end', () => {
    const { breaker, acquire, moves } = createHalfOpen();
    acquire().answering();
    expect(breaker.snapshot()).toMatchObject({ state: 'half-open', calls: 1, failures: 0 });
    acquire().answering();
    expect(breaker.state).toBe('closed');
    expect(moves.at(-1)).toBe('half-open>closed:probes-passed');
  });

  test('counts once, whatever else is said of it', () => {
    const { breaker, acquire } = createHalfOpen({ failureRatio: 1, probes: 5 });
    acquire().failure();
    const probe = acquire();
    probe.answering();
    probe.answering();
    probe.success();
    expect(breaker.state).toBe('closed');
    expect(breaker.snapshot()).toMatchObject({ calls: 0, late: 0 });
  });

  test('counts as a failure in place of the success when its body breaks off while it is still half-open', () => {
    const { breaker, acquire, moves, transitions } = createHalfOpen({ probes: 3 });
    const probe = acquire();
    probe.answering();
    probe.failure(undefined, 'ECONNRESET');
    expect(breaker.snapshot()).toMatchObject({ state: 'half-open', calls: 1, failures: 1 });
    acquire().failure(undefined, 'ECONNRESET');
    expect(moves.at(-1)).toBe('half-open>open:probes-failed');
    expect(transitions.at(-1)?.reasons).toEqual({ ECONNRESET: 2 });
  });

  test('counts for nothing more when its body breaks off after the circuit has closed', () => {
    const { breaker, acquire } = createHalfOpen();
    const probes = [acquire(), acquire()];
    for (const probe of probes) probe.answering();
    for (const probe of probes) probe.failure();
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', calls: 0, failures: 0, late: 2 });
  });

  test('nor is it late when it ends well after that', () => {
    const { breaker, acquire } = createHalfOpen();
    const probes = [acquire(), acquire()];
    for (const probe of probes) probe.answering();
    for (const probe of probes) probe.success();
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', calls: 0, late: 0 });
  });

  test('stays a success when its caller has read enough', () => {
    const { breaker, acquire } = createHalfOpen();
    const probe = acquire();
    probe.answering();
    probe.ignore();
    expect(breaker.snapshot()).toMatchObject({ state: 'half-open', calls: 1, failures: 0 });
  });

  test('is slow by when that was, not by how long it is read', () => {
    const { breaker, acquire, advance } = createHalfOpen({ slowCallMs: 100, probes: 5 });
    const [quick, slow] = [acquire(), acquire()];
    quick.answering();
    advance(101);
    slow.answering();
    advance(60_000);
    expect(breaker.snapshot()).toMatchObject({ calls: 2, slow: 1 });
    slow.failure(undefined, 'ECONNRESET');
    expect(breaker.snapshot()).toMatchObject({ calls: 2, slow: 1, failures: 1 });
  });
});

test('of a closed circuit, too, a call is not slow for the time that is spent on reading it', () => {
  const { breaker, acquire, advance } = createHarness({ slowCallMs: 100 });
  const call = acquire();
  advance(99);
  call.answering();
  advance(10_000);
  acquire().ignore();
  expect(breaker.snapshot()).toMatchObject({ calls: 0, slow: 0 });
  call.success();
  expect(breaker.snapshot()).toMatchObject({ calls: 1, slow: 0 });
});

test('a call that was let through before it opened has no say when it is answered in the half-open', () => {
  const harness = createHarness();
  const early = harness.acquire();
  harness.trip();
  harness.advance(5_000);
  harness.acquire();
  early.answering();
  expect(harness.breaker.snapshot()).toMatchObject({ state: 'half-open', calls: 0 });
});
