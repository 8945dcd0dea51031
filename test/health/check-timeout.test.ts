import { describe, expect, test, vi } from 'vitest';
import { Check } from '../../src/health/check.js';
import { resolveCheck } from '../../src/health/check-options.js';
import { createFakeClock, settled } from '../support/fake-clock.js';
import { createCheck } from './support/check.js';
import { createDeferred, never } from './support/harness.js';

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

  test('counts as one run, however long its call stays pending', async () => {
    const { check, clock, durations } = createCheck({ run: never, intervalMs: 1_000 });
    check.start();
    await clock.advance(60_000);
    expect(durations).toEqual([2_000]);
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
      isolate: (run) => run(),
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
