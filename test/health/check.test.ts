import { describe, expect, test, vi } from 'vitest';
import { Check } from '../../src/health/check.js';
import { type CheckFunction, type CheckOptions, resolveCheck } from '../../src/health/check-options.js';
import type { CheckChange, CheckEvents } from '../../src/health/check-reading.js';
import { createFakeClock, fakeEpochMs, settled } from '../support/fake-clock.js';
import { createDeferred, never } from './support/harness.js';

function createCheck(given: CheckFunction | CheckOptions, { random = 0.5, events = {} as CheckEvents } = {}) {
  const clock = createFakeClock();
  const changes: CheckChange[] = [];
  const durations: number[] = [];
  const faults: unknown[] = [];
  const check = new Check('db', resolveCheck('check', given, 0), {
    clock,
    timers: clock,
    random: () => random,
    faults: { caught: (_place, error) => void faults.push(error) },
    events: {
      onChange: (change) => void changes.push(change),
      onResult: ({ durationMs }) => void durations.push(durationMs),
      ...events,
    },
  });
  return { check, clock, changes, durations, faults };
}

describe('a background check', () => {
  test('runs at the start and then as long after each end as its interval says', async () => {
    const startedAt: number[] = [];
    const run = vi.fn(() => {
      startedAt.push(clock.now() - 1_000);
      return new Promise((resolve) => clock.set(() => resolve(true), 300));
    });
    const { check, clock } = createCheck({ run, intervalMs: 1_000 });
    check.start();
    await clock.advance(4_000);
    expect(startedAt).toEqual([0, 1_300, 2_600, 3_900]);
  });

  test.each([
    [0, 9_000],
    [0.5, 10_000],
    [0.999_999, 11_000],
  ])('rests between 90 and 110 %% of its interval (random %d)', async (random, restMs) => {
    const run = vi.fn(() => true);
    const { check, clock } = createCheck(run, { random });
    check.start();
    await clock.advance(restMs - 1);
    expect(run).toHaveBeenCalledTimes(1);
    await clock.advance(2);
    expect(run).toHaveBeenCalledTimes(2);
  });

  test('knows nothing before its first result', () => {
    const { check } = createCheck(never);
    check.start();
    expect(check.read()).toMatchObject({ status: undefined, last: undefined, consecutiveFailures: 0 });
    expect(check.isCurrent).toBe(false);
  });

  test('tells how long a run took', async () => {
    const { check, clock, durations } = createCheck(
      () => new Promise((resolve) => clock.set(() => resolve(1), 40)),
    );
    check.start();
    await clock.advance(40);
    expect(durations).toEqual([40]);
    expect(check.read().last).toMatchObject({ durationMs: 40, epochMs: fakeEpochMs + 40 });
  });

  test('starts once however often it is started', async () => {
    const run = vi.fn(() => true);
    const { check, clock } = createCheck({ run, intervalMs: 1_000 });
    check.start();
    check.start();
    await clock.advance(1_000);
    expect(run).toHaveBeenCalledTimes(2);
    expect(clock.pending).toBe(1);
  });

  test('leaves no timer when it is stopped', async () => {
    const { check, clock } = createCheck(never);
    check.start();
    check.stop();
    expect(clock.pending).toBe(0);
  });

  test('keeps what it knew when it is stopped, however old it grows', async () => {
    const { check, clock } = createCheck(() => true);
    check.start();
    await settled();
    check.stop();
    await clock.advance(3_600_000);
    expect(check.read().status).toBe('pass');
  });

  test('can be stopped by its own listener', async () => {
    const events: CheckEvents = { onResult: () => check.stop() };
    const { check, clock } = createCheck(() => true, { events });
    check.start();
    await settled();
    expect(clock.pending).toBe(0);
  });
});

describe('a timeout', () => {
  test('fails the check at the limit, not a millisecond before', async () => {
    const { check, clock } = createCheck({ run: never, critical: true });
    check.start();
    await clock.advance(1_999);
    expect(check.read().status).toBeUndefined();
    await clock.advance(1);
    expect(check.read()).toMatchObject({ status: 'fail', output: 'timeout after 2000 ms' });
  });

  test('aborts the signal', async () => {
    let signal: AbortSignal | undefined;
    const { check, clock } = createCheck((given) => {
      signal = given;
      return never();
    });
    check.start();
    await clock.advance(1_999);
    expect(signal?.aborted).toBe(false);
    await clock.advance(1);
    expect(signal?.reason).toMatchObject({ name: 'TimeoutError' });
  });

  test('never leads to a second call while the first is pending', async () => {
    const run = vi.fn(never);
    const { check, clock } = createCheck({ run, critical: true, intervalMs: 1_000 });
    check.start();
    await clock.advance(60_000);
    expect(run).toHaveBeenCalledTimes(1);
    expect(check.read()).toMatchObject({ status: 'fail', output: 'timeout after 2000 ms' });
  });

  test('counts each tick of a pending call as one more failure', async () => {
    const { check, clock } = createCheck({ run: never, intervalMs: 1_000, failAfter: 3 });
    check.start();
    await clock.advance(4_500);
    expect(check.read().consecutiveFailures).toBe(3);
  });

  test('is over once the abandoned call has settled and the next run passes', async () => {
    const first = createDeferred();
    const run = vi.fn().mockReturnValueOnce(first.promise).mockReturnValue(true);
    const { check, clock } = createCheck({ run, critical: true, intervalMs: 1_000 });
    check.start();
    await clock.advance(2_500);
    first.resolve(true);
    await settled();
    expect(check.read().status).toBe('fail');
    await clock.advance(500);
    expect(run).toHaveBeenCalledTimes(2);
    expect(check.read().status).toBe('pass');
  });

  test('leaves a late rejection without effect', async () => {
    const first = createDeferred();
    const run = vi.fn().mockReturnValueOnce(first.promise).mockReturnValue(true);
    const { check, clock, durations } = createCheck({ run, intervalMs: 1_000 });
    check.start();
    await clock.advance(2_500);
    first.reject(undefined);
    await settled();
    expect(durations).toEqual([2_000]);
  });

  test('does not blame a check whose answer came while the event loop was blocked', async () => {
    const answer = createDeferred();
    const { check, clock } = createCheck(() => answer.promise);
    check.start();
    clock.stall(5_000);
    clock.advanceNow(0);
    answer.resolve(true);
    await settled();
    expect(check.read().status).toBe('pass');
  });

  test('comes one short grace period late after a block, and still comes', async () => {
    const { check, clock } = createCheck({ run: never, critical: true });
    check.start();
    clock.stall(5_000);
    await clock.advance(49);
    expect(check.read().status).toBeUndefined();
    await clock.advance(1);
    expect(check.read().status).toBe('fail');
  });

  test('waits for the rest of the time when its timer fires early', async () => {
    const clock = createFakeClock();
    const early = {
      ...clock,
      now: clock.now,
      set: (run: () => void, ms: number) => clock.set(run, ms > 1_000 ? ms - 1_000 : ms),
    };
    const check = new Check('db', resolveCheck('check', { run: never, critical: true }, 0), {
      clock,
      timers: early,
      random: () => 0.5,
      faults: { caught: () => {} },
      events: {},
    });
    check.start();
    await clock.advance(1_999);
    expect(check.read().status).toBeUndefined();
    await clock.advance(1);
    expect(check.read().status).toBe('fail');
  });

  test('is not overtaken by a stop and a start: the old call still counts as under way', async () => {
    const run = vi.fn(never);
    const { check, clock } = createCheck({ run, intervalMs: 1_000 });
    check.start();
    check.stop();
    check.start();
    await clock.advance(10_000);
    expect(run).toHaveBeenCalledTimes(1);
  });
});

describe('staleness', () => {
  test('fails a check whose timer has died', async () => {
    const { check, clock } = createCheck({
      run: () => true,
      critical: true,
      intervalMs: 1_000,
      timeoutMs: 500,
    });
    check.start();
    await settled();
    clock.stall(3_000);
    expect(check.read().status).toBe('pass');
    clock.stall(1);
    expect(check.read()).toMatchObject({ status: 'fail', output: 'stale' });
  });

  test('allows for a run as long as its timeout when the interval is short', async () => {
    const run = vi.fn().mockReturnValueOnce(true).mockImplementation(never);
    const { check, clock } = createCheck({ run, critical: true, intervalMs: 100, timeoutMs: 2_000 });
    check.start();
    await clock.advance(2_099);
    expect(check.read().status).toBe('pass');
    await clock.advance(1);
    expect(check.read().output).toBe('timeout after 2000 ms');
  });

  test('is reported once, by whoever looks first', async () => {
    const { check, clock, changes } = createCheck({ run: () => true, critical: true });
    check.start();
    await settled();
    clock.stall(30_001);
    check.read();
    check.read();
    expect(changes.map(({ from, to }) => [from, to])).toEqual([
      [undefined, 'pass'],
      ['pass', 'fail'],
    ]);
  });
});

describe('thresholds and weight', () => {
  test('a failure of a non-critical check is a warning', async () => {
    const { check } = createCheck(() => false);
    check.start();
    await settled();
    expect(check.read()).toMatchObject({ status: 'warn', output: 'returned false', consecutiveFailures: 1 });
  });

  test('a critical failure is a warning until its grace period is over', async () => {
    const { check, clock } = createCheck({
      run: () => false,
      critical: true,
      intervalMs: 1_000,
      criticalGraceMs: 5_000,
    });
    check.start();
    await clock.advance(4_999);
    expect(check.read().status).toBe('warn');
    await clock.advance(1);
    expect(check.read().status).toBe('fail');
  });

  test('a pass in between starts the grace period anew', async () => {
    const results = [false, false, true, false];
    const run = () => results.shift() ?? false;
    const { check, clock } = createCheck({ run, critical: true, intervalMs: 1_000, criticalGraceMs: 3_000 });
    check.start();
    await clock.advance(5_999);
    expect(check.read().status).toBe('warn');
    await clock.advance(1);
    expect(check.read().status).toBe('fail');
  });

  test('flips after as many results as asked for', async () => {
    const results = [true, false, false, true, true];
    const seen: unknown[] = [];
    const run = () => results.shift();
    const { check, clock } = createCheck({
      run,
      critical: true,
      intervalMs: 1_000,
      failAfter: 2,
      passAfter: 2,
    });
    check.start();
    for (let turn = 0; turn < 5; turn += 1) {
      await clock.advance(turn === 0 ? 0 : 1_000);
      seen.push(check.read().status);
    }
    expect(seen).toEqual(['pass', 'pass', 'fail', 'fail', 'pass']);
  });

  test('remembers the last success over failures', async () => {
    const run = vi.fn().mockReturnValueOnce(true).mockReturnValue(false);
    const { check, clock } = createCheck({ run, intervalMs: 1_000 });
    check.start();
    await clock.advance(5_000);
    expect(check.read()).toMatchObject({ lastSuccessEpochMs: fakeEpochMs, consecutiveFailures: 5 });
  });
});

describe('what it tells', () => {
  test('one change per change of status, with what was thrown', async () => {
    const error = new Error('gone');
    const run = vi.fn().mockReturnValueOnce(true).mockRejectedValue(error);
    const { check, clock, changes } = createCheck({ run, intervalMs: 1_000 });
    check.start();
    await clock.advance(5_000);
    expect(changes).toHaveLength(2);
    expect(changes[1]).toMatchObject({ name: 'db', from: 'pass', to: 'warn', output: 'Error: gone' });
    expect(changes[1]?.error).toBe(error);
  });

  test('a listener that throws is counted and changes nothing', async () => {
    const events: CheckEvents = {
      onResult: () => {
        throw new Error('result');
      },
      onChange: () => {
        throw new Error('change');
      },
    };
    const { check, clock, faults } = createCheck({ run: () => true, intervalMs: 1_000 }, { events });
    check.start();
    await clock.advance(1_000);
    expect(check.read().status).toBe('pass');
    expect(faults).toHaveLength(3);
  });

  test('keeps its last twenty transitions', async () => {
    let turn = 0;
    const run = () => {
      turn += 1;
      return turn % 2 === 0;
    };
    const { check, clock } = createCheck({ run, intervalMs: 1_000 });
    check.start();
    await clock.advance(30_000);
    const { transitions } = check.read();
    expect(transitions).toHaveLength(20);
    expect(transitions.at(-1)).toEqual({ epochMs: fakeEpochMs + 30_000, from: 'pass', to: 'warn' });
  });
});

describe('an on-demand check', () => {
  test('is called once for all who ask at the same time', async () => {
    const answer = createDeferred();
    const run = vi.fn(() => answer.promise);
    const { check } = createCheck({ run, intervalMs: 0 });
    check.start();
    const waiting = Promise.all(Array.from({ length: 1_000 }, () => check.whenCurrent()));
    answer.resolve(true);
    await waiting;
    expect(run).toHaveBeenCalledTimes(1);
  });

  test.each([true, false])('serves a result of %s for one second and then asks anew', async (result) => {
    const run = vi.fn(() => result);
    const { check, clock } = createCheck({ run, intervalMs: 0 });
    check.start();
    await clock.advance(999);
    expect(check.isCurrent).toBe(true);
    await clock.advance(1);
    expect(check.isCurrent).toBe(false);
    await check.whenCurrent();
    expect(run).toHaveBeenCalledTimes(2);
  });

  test('does not run while nobody asks', async () => {
    const run = vi.fn(() => true);
    const { check, clock } = createCheck({ run, intervalMs: 0 });
    check.start();
    await clock.advance(3_600_000);
    expect(run).toHaveBeenCalledTimes(1);
    expect(check.read().status).toBe('pass');
  });

  test('fails for a probe that waited 800 ms in vain, and is never called twice', async () => {
    const run = vi.fn().mockReturnValueOnce(true).mockImplementation(never);
    const { check, clock } = createCheck({ run, intervalMs: 0, critical: true });
    check.start();
    await clock.advance(5_000);
    void check.whenCurrent();
    await clock.advance(749);
    expect(check.read().status).toBe('pass');
    await clock.advance(1);
    expect(check.read()).toMatchObject({ status: 'fail', output: 'no answer after 750 ms' });
    await clock.advance(10_000);
    await check.whenCurrent();
    expect(check.read()).toMatchObject({ status: 'fail', output: 'timeout after 2000 ms' });
    expect(run).toHaveBeenCalledTimes(2);
  });

  test('recovers when a slow call answers in the end', async () => {
    const slow = createDeferred();
    const run = vi.fn().mockReturnValueOnce(true).mockReturnValueOnce(slow.promise);
    const { check, clock } = createCheck({ run, intervalMs: 0, critical: true });
    check.start();
    await clock.advance(5_000);
    void check.whenCurrent();
    await clock.advance(900);
    slow.resolve(true);
    await settled();
    expect(check.read().status).toBe('pass');
  });

  test('lets those who wait go when it is stopped', async () => {
    const { check } = createCheck({ run: never, intervalMs: 0 });
    check.start();
    const waiting = check.whenCurrent();
    check.stop();
    await expect(waiting).resolves.toBeUndefined();
  });
});
