import { describe, expect, test, vi } from 'vitest';
import { settled } from '../support/fake-clock.js';
import { createCheck } from './support/check.js';
import { createDeferred, never } from './support/harness.js';

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
