import { describe, expect, test, vi } from 'vitest';
import type { CheckEvents } from '../../src/health/check-reading.js';
import { fakeEpochMs, settled } from '../support/fake-clock.js';
import { createCheck } from './support/check.js';
import { never } from './support/harness.js';

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

  test('has nothing to wait for before it is started and after it is stopped', async () => {
    const { check } = createCheck(never);
    await expect(check.whenCurrent()).resolves.toBeUndefined();
    check.start();
    check.stop();
    await expect(check.whenCurrent()).resolves.toBeUndefined();
  });

  test('can be stopped and started anew by its own listener, and still rests on one timer', async () => {
    let isFirst = true;
    const run = vi.fn(() => true);
    const events: CheckEvents = {
      onResult() {
        if (isFirst) {
          isFirst = false;
          check.stop();
          check.start();
        }
      },
    };
    const { check, clock } = createCheck({ run, intervalMs: 1_000 }, { events });
    check.start();
    await settled();
    expect(clock.pending).toBe(1);
    await clock.advance(1_000);
    expect(run).toHaveBeenCalledTimes(3);
  });

  test('can be stopped by its own listener', async () => {
    const events: CheckEvents = { onResult: () => check.stop() };
    const { check, clock } = createCheck(() => true, { events });
    check.start();
    await settled();
    expect(clock.pending).toBe(0);
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
