import { describe, expect, test } from 'vitest';
import { createHarness } from './support/harness.js';

describe('forced open', () => {
  test('rejects until it is released, however long that takes', () => {
    const { breaker, advance, moves } = createHarness();
    const hold = breaker.forceOpen();
    advance(1e9);
    expect(breaker.tryAcquire()).toBeUndefined();
    expect(breaker.snapshot()).toMatchObject({
      state: 'forced-open',
      rejected: 1,
      openedAt: 1_000,
      retryAfterMs: 0,
    });
    hold.release();
    expect(breaker.tryAcquire()).toBeDefined();
    expect(moves).toEqual(['closed>forced-open:forced', 'forced-open>closed:released']);
  });

  test('needs everybody who holds it to let go', () => {
    const { breaker } = createHarness();
    const [one, other] = [breaker.forceOpen(), breaker.forceOpen()];
    one.release();
    one.release();
    expect(breaker.state).toBe('forced-open');
    other.release();
    expect(breaker.state).toBe('closed');
  });

  test('is not moved by results that come in', () => {
    const { breaker, acquire } = createHarness();
    const permit = acquire();
    breaker.forceOpen();
    permit.success();
    expect(breaker.snapshot()).toMatchObject({ state: 'forced-open', late: 1, calls: 0 });
  });

  test('ends in a closed circuit with an empty window, also from open', () => {
    const { breaker, trip } = createHarness();
    trip();
    breaker.forceOpen().release();
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', calls: 0 });
  });

  test('gives way to a forced close, and letting go afterwards does nothing', () => {
    const { breaker, trip } = createHarness();
    const hold = breaker.forceOpen();
    breaker.forceClose();
    expect(breaker.state).toBe('closed');
    trip();
    hold.release();
    expect(breaker.state).toBe('open');
  });

  test('letting go of an earlier hold does not end a later one', () => {
    const { breaker } = createHarness();
    const early = breaker.forceOpen();
    breaker.reset();
    breaker.forceOpen();
    early.release();
    expect(breaker.state).toBe('forced-open');
  });
});

describe('forced close', () => {
  test('lets calls through at once, with an empty window and no back-off', () => {
    const { breaker, trip, advance, fail, moves } = createHarness();
    trip();
    advance(5_000);
    fail(2);
    breaker.forceClose();
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', calls: 0 });
    expect(moves.at(-1)).toBe('open>closed:forced');
    trip();
    expect(breaker.retryAfterMs).toBe(5_000);
  });

  test('of a closed circuit empties the window and is no transition', () => {
    const { breaker, fail, acquire, moves } = createHarness();
    fail(19);
    const late = acquire();
    breaker.forceClose();
    late.failure();
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', calls: 0, late: 1 });
    expect(moves).toEqual([]);
  });
});

test('a reset is a new start, counters included', () => {
  const { breaker, trip, advance, moves } = createHarness();
  trip();
  advance(1_000);
  breaker.tryAcquire();
  breaker.reset();
  expect(breaker.snapshot()).toEqual({
    state: 'closed',
    calls: 0,
    failures: 0,
    slow: 0,
    failureRatio: undefined,
    slowRatio: undefined,
    rejected: 0,
    late: 0,
    openedAt: undefined,
    retryAfterMs: 0,
  });
  expect(moves.at(-1)).toBe('open>closed:reset');
});

describe('mode off', () => {
  test('lets everything through and records nothing', () => {
    const { breaker, fail, acquire, moves } = createHarness({ mode: 'off' });
    fail(100);
    acquire().hold(10_000);
    expect(breaker.snapshot()).toMatchObject({ state: 'off', calls: 0, rejected: 0, late: 0 });
    expect(moves).toEqual([]);
  });

  test('ends every state, and leaving it starts anew', () => {
    const { breaker, trip, moves } = createHarness();
    trip();
    breaker.setMode('off');
    expect(breaker.snapshot()).toMatchObject({ state: 'off', openedAt: undefined, retryAfterMs: 0 });
    breaker.setMode('enforce');
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', calls: 0 });
    expect(moves.slice(1)).toEqual(['open>off:mode', 'off>closed:mode']);
  });

  test('does not count what was begun before or during it, not even as late', () => {
    const { breaker, acquire } = createHarness();
    const before = acquire();
    breaker.setMode('off');
    const [during, after] = [acquire(), acquire()];
    before.failure();
    during.failure();
    breaker.setMode('enforce');
    after.failure();
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', calls: 0, late: 0 });
  });

  test('goes before a circuit that is held open, which it finds again afterwards', () => {
    const { breaker, moves } = createHarness();
    breaker.setMode('off');
    const hold = breaker.forceOpen();
    expect(breaker.tryAcquire()).toBeDefined();
    breaker.setMode('enforce');
    expect(breaker.state).toBe('forced-open');
    hold.release();
    expect(breaker.state).toBe('closed');
    expect(moves).toEqual(['closed>off:mode', 'off>forced-open:mode', 'forced-open>closed:released']);
  });
});

describe('mode observe', () => {
  test('never rejects, and counts what it would have rejected', () => {
    const { breaker, trip, acquire } = createHarness({ mode: 'observe' });
    trip();
    const permits = Array.from({ length: 5 }, acquire);
    expect(breaker.snapshot()).toMatchObject({ state: 'open', rejected: 5 });
    for (const permit of permits.slice(2)) permit.failure();
    permits[0]?.success();
    permits[1]?.ignore();
    expect(breaker.observedFailures).toBe(3);
    expect(breaker.snapshot()).toMatchObject({ state: 'open', calls: 20, late: 0 });
  });

  test('moves as it would if it rejected', () => {
    const { trip, acquire, advance, succeed, moves } = createHarness({ mode: 'observe' });
    trip();
    advance(5_000);
    const probes = Array.from({ length: 3 }, acquire);
    for (let i = 0; i < 10; i += 1) acquire().failure();
    probes[0]?.success();
    probes[1]?.success();
    succeed(1);
    expect(moves).toEqual([
      'closed>open:failure-ratio',
      'open>half-open:elapsed',
      'half-open>closed:probes-passed',
    ]);
  });

  test('lets calls through that somebody holds the circuit open for', () => {
    const { breaker, acquire } = createHarness({ mode: 'observe' });
    breaker.forceOpen();
    acquire().success();
    expect(breaker.snapshot()).toMatchObject({ state: 'forced-open', rejected: 1 });
  });

  test('keeps its state when it is made to enforce', () => {
    const { breaker, trip, moves } = createHarness({ mode: 'observe' });
    trip();
    breaker.setMode('enforce');
    expect(breaker.tryAcquire()).toBeUndefined();
    expect(moves).toHaveLength(1);
  });
});

test('a mode that there is not is an error', () => {
  const { breaker } = createHarness();
  expect(() => breaker.setMode('on' as 'off')).toThrow(expect.objectContaining({ code: 'ERR_GS_OPTION' }));
  expect(breaker.mode).toBe('enforce');
});

describe('new options', () => {
  test('hold from then on, and those left out go back to their defaults', () => {
    const { breaker, fail, advance } = createHarness({ minimumCalls: 3, openMs: 1_000 });
    fail(2);
    breaker.configure({ minimumCalls: 10, jitterRatio: 0 });
    fail(7);
    expect(breaker.state).toBe('closed');
    fail(1);
    expect(breaker.retryAfterMs).toBe(5_000);
    advance(5_000);
    expect(breaker.state).toBe('half-open');
  });

  test('do not move the circuit by themselves', () => {
    const { breaker, fail, moves } = createHarness();
    fail(10);
    breaker.configure({ minimumCalls: 5, jitterRatio: 0 });
    expect(breaker.state).toBe('closed');
    fail(1);
    expect(moves).toEqual(['closed>open:failure-ratio']);
  });

  test('leave an open period as it is', () => {
    const { breaker, trip } = createHarness();
    trip();
    breaker.configure({ openMs: 100 });
    expect(breaker.retryAfterMs).toBe(5_000);
  });

  test('with another window begin with an empty one', () => {
    const { breaker, fail } = createHarness();
    fail(10);
    breaker.configure({ windowCalls: 10 });
    expect(breaker.snapshot().calls).toBe(0);
    fail(3);
    breaker.configure({ windowMs: 500 });
    expect(breaker.snapshot().calls).toBe(0);
  });

  test('that are wrong change nothing', () => {
    const { breaker, trip } = createHarness();
    expect(() => breaker.configure({ minimumCalls: 1, probes: 0 })).toThrow('breaker.probes');
    trip();
    expect(breaker.snapshot().calls).toBe(20);
  });

  test('switch the mode where they name another, and leave one that was set by hand', () => {
    const { breaker } = createHarness();
    breaker.configure({ mode: 'off' });
    expect(breaker.state).toBe('off');
    breaker.setMode('observe');
    breaker.configure({ mode: 'off', probes: 5 });
    expect(breaker.mode).toBe('observe');
  });
});

describe('a limit of calls under way', () => {
  test('turns the next call away at once, and lets it in when one has ended', () => {
    const { breaker, acquire } = createHarness({ maxConcurrent: 2 });
    const [first] = [acquire(), acquire()];
    expect(breaker.tryAcquire()).toBeUndefined();
    expect(breaker.rejection()).toMatchObject({ rejectedBy: 'busy', retryAfterMs: 0 });
    expect(breaker.inFlight).toBe(2);
    first?.failure();
    first?.failure();
    acquire();
    expect(breaker.tryAcquire()).toBeUndefined();
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', rejected: 2, calls: 1 });
  });

  test('is freed by late and ignored calls too', () => {
    const { breaker, acquire } = createHarness({ maxConcurrent: 2 });
    const permits = [acquire(), acquire()];
    breaker.reset();
    permits[0]?.success();
    permits[1]?.ignore();
    expect(breaker.inFlight).toBe(0);
  });

  test('keeps a probe from being used up by a call that is turned away', () => {
    const { breaker, acquire, trip, advance } = createHarness({ maxConcurrent: 1 });
    trip();
    advance(5_000);
    const probe = acquire();
    for (let i = 0; i < 10; i += 1) expect(breaker.tryAcquire()).toBeUndefined();
    expect(breaker.rejection().rejectedBy).toBe('busy');
    probe.success();
    acquire().success();
    expect(breaker.state).toBe('closed');
  });

  test('rejects nothing in mode observe, but counts', () => {
    const { breaker, acquire } = createHarness({ maxConcurrent: 1, mode: 'observe' });
    acquire();
    acquire().failure();
    expect(breaker.snapshot()).toMatchObject({ rejected: 1, calls: 0 });
    expect(breaker.observedFailures).toBe(1);
    expect(breaker.inFlight).toBe(1);
  });

  test('may be changed and lifted while calls are under way', () => {
    const { breaker, acquire } = createHarness({ maxConcurrent: 3 });
    const permits = [acquire(), acquire(), acquire()];
    breaker.configure({ maxConcurrent: 1 });
    permits[0]?.success();
    permits[1]?.success();
    expect(breaker.tryAcquire()).toBeUndefined();
    breaker.configure({});
    for (let i = 0; i < 10; i += 1) acquire();
    breaker.configure({ maxConcurrent: 11 });
    expect(breaker.tryAcquire()).toBeUndefined();
  });
});
