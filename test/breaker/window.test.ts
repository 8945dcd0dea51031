import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CountWindow } from '../../src/breaker/count-window.js';
import { SLOW } from '../../src/breaker/reason-counts.js';
import { TimeWindow } from '../../src/breaker/time-window.js';
import type { Window } from '../../src/breaker/window.js';

const counts = ({ calls, failures, slow }: Window) => ({ calls, failures, slow });
const success = (window: Window, now: number) => window.record(now, false, false);
const failure = (window: Window, now: number, reason = 'failure') => window.record(now, true, false, reason);

describe('a window of 10 seconds', () => {
  test('holds a burst for all of its 10 seconds, and not a moment longer', () => {
    const window = new TimeWindow(10_000);
    failure(window, 1_234);
    window.expire(11_233);
    expect(counts(window)).toEqual({ calls: 1, failures: 1, slow: 0 });
    window.expire(11_234);
    expect(counts(window)).toEqual({ calls: 0, failures: 0, slow: 0 });
  });

  test('holds a call from the end of a slice for nine tenths of it', () => {
    const window = new TimeWindow(10_000);
    success(window, 0);
    failure(window, 999);
    window.expire(9_999);
    expect(window.calls).toBe(2);
    window.expire(10_000);
    expect(window.calls).toBe(0);
  });

  test('forgets slice by slice', () => {
    const window = new TimeWindow(10_000);
    for (let second = 0; second < 10; second += 1) success(window, second * 1_000);
    const left = [];
    for (let second = 10; second < 20; second += 1) {
      window.expire(second * 1_000);
      left.push(window.calls);
    }
    expect(left).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  });

  test('is not confused by a pause of any length', () => {
    const window = new TimeWindow(10_000);
    failure(window, 0);
    success(window, 1e9);
    expect(counts(window)).toEqual({ calls: 1, failures: 0, slow: 0 });
    expect(window.reasons()).toEqual({});
  });

  test('counts what is recorded with an older time as of now', () => {
    const window = new TimeWindow(10_000);
    success(window, 5_000);
    failure(window, 1_000);
    expect(counts(window)).toEqual({ calls: 2, failures: 1, slow: 0 });
    window.expire(15_000);
    expect(window.calls).toBe(0);
  });

  test('tells the reasons of the calls that it holds', () => {
    const window = new TimeWindow(10_000);
    failure(window, 0, 'timeout');
    failure(window, 5_000, 'ECONNRESET');
    failure(window, 5_500, 'ECONNRESET');
    window.record(6_000, false, true, SLOW);
    expect(window.reasons()).toEqual({ timeout: 1, ECONNRESET: 2, slow: 1 });
    window.expire(10_000);
    expect(window.reasons()).toEqual({ ECONNRESET: 2, slow: 1 });
  });

  test('takes back a call that was slow ahead of its end, but no other', () => {
    const window = new TimeWindow(10_000);
    const stamp = window.record(0, false, true, SLOW);
    success(window, 500);
    window.forgetSlow(stamp);
    expect(counts(window)).toEqual({ calls: 1, failures: 0, slow: 0 });
    expect(window.reasons()).toEqual({});
  });

  test('has nothing to take back once the call has aged out, nor after a restart', () => {
    const window = new TimeWindow(10_000);
    const stamp = window.record(0, false, true, SLOW);
    window.record(9_500, false, true, SLOW);
    window.expire(10_000);
    window.forgetSlow(stamp);
    expect(counts(window)).toEqual({ calls: 1, failures: 0, slow: 1 });
    window.expire(60_000);
    window.record(60_000, false, true, SLOW);
    window.forgetSlow(stamp);
    expect(counts(window)).toEqual({ calls: 1, failures: 0, slow: 1 });
  });
});

describe('a window of 3 calls', () => {
  test('holds the last three, whenever they were', () => {
    const window = new CountWindow(3);
    failure(window, 0, 'timeout');
    success(window, 1e6);
    failure(window, 2e6, 'ECONNRESET');
    expect(counts(window)).toEqual({ calls: 3, failures: 2, slow: 0 });
    window.expire();
    success(window, 3e6);
    expect(counts(window)).toEqual({ calls: 3, failures: 1, slow: 0 });
    expect(window.reasons()).toEqual({ ECONNRESET: 1 });
  });

  test('takes back a call that was slow ahead of its end while it holds it', () => {
    const window = new CountWindow(3);
    const first = window.record(0, false, true, SLOW);
    success(window, 0);
    const third = window.record(0, false, true, SLOW);
    success(window, 0);
    window.forgetSlow(first);
    expect(counts(window)).toEqual({ calls: 3, failures: 0, slow: 1 });
    window.forgetSlow(third);
    expect(counts(window)).toEqual({ calls: 2, failures: 0, slow: 0 });
    expect(window.reasons()).toEqual({});
  });
});

test('a window of calls takes back the oldest call that it holds', () => {
  const window = new CountWindow(2);
  const stamp = window.record(0, false, true, SLOW);
  success(window, 0);
  window.forgetSlow(stamp);
  expect(counts(window)).toEqual({ calls: 1, failures: 0, slow: 0 });
});

describe('reasons', () => {
  test('past sixteen count as other, and none is lost', () => {
    const window = new TimeWindow(10_000);
    for (let i = 0; i < 40; i += 1) failure(window, 0, `reason ${i}`);
    const reasons = window.reasons();
    expect(Object.keys(reasons)).toHaveLength(17);
    expect(reasons).toMatchObject({ 'reason 0': 1, 'reason 15': 1, other: 24 });
  });

  test('that no longer occur make room for new ones', () => {
    const window = new TimeWindow(10_000);
    for (let i = 0; i < 40; i += 1) failure(window, 0, `old ${i}`);
    success(window, 9_000);
    for (let i = 0; i < 16; i += 1) failure(window, 10_000, `new ${i}`);
    expect(window.reasons()).toEqual(
      Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`new ${i}`, 1])),
    );
  });

  test('may be called other, or like a property of every object', () => {
    const window = new CountWindow(100);
    failure(window, 0, 'other');
    failure(window, 0, '__proto__');
    for (let i = 0; i < 40; i += 1) failure(window, 0, `reason ${i}`);
    const { other, ...rest } = window.reasons();
    expect(other).toBe(27);
    expect(Object.getOwnPropertyDescriptor(rest, '__proto__')?.value).toBe(1);
  });
});

interface Recorded {
  readonly at: number;
  readonly failed: boolean;
  readonly slow: boolean;
}

const step = fc.record({
  waitMs: fc.oneof(fc.nat(50), fc.nat(2_000)),
  failed: fc.boolean(),
  slow: fc.boolean(),
  takeBack: fc.option(fc.nat(20)),
});

// A naive reading of the same rules: all events are kept, and counted again each time.
function expectSame(window: Window, steps: Step[], held: Holds): void {
  const events: (Recorded & { stamp: number })[] = [];
  let now = 0;
  let origin = 0;
  for (const { waitMs, failed, slow, takeBack } of steps) {
    now += waitMs;
    window.expire(now);
    if (held(events, now, origin).length === 0) origin = now;
    events.push({ at: now, failed, slow, stamp: window.record(now, failed, slow, slow ? SLOW : undefined) });
    const taken =
      takeBack === null ? undefined : events.filter((event) => event.slow && !event.failed)[takeBack];
    if (taken !== undefined) {
      window.forgetSlow(taken.stamp);
      const at = events.indexOf(taken);
      if (held(events, now, origin).includes(taken)) events[at] = { ...taken, at: Number.NaN, slow: false };
    }
    const live = held(events, now, origin);
    expect(counts(window)).toEqual({
      calls: live.length,
      failures: live.filter((event) => event.failed).length,
      slow: live.filter((event) => event.slow).length,
    });
  }
}

type Step = { waitMs: number; failed: boolean; slow: boolean; takeBack: number | null };
type Holds = <T extends Recorded>(events: T[], now: number, origin: number) => T[];

test('a time window agrees with counting all events again', () => {
  const slice = (at: number, origin: number) => Math.floor((at - origin) / 100);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      expectSame(new TimeWindow(1_000), steps, (events, now, origin) =>
        events.filter(({ at }) => slice(now, origin) - slice(at, origin) < 10),
      );
    }),
  );
});

test('a count window agrees with counting all events again', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.array(step, { maxLength: 80, size: 'max' }),
      (size, steps) => {
        expectSame(new CountWindow(size), steps, (events) =>
          events.slice(-size).filter(({ at }) => !Number.isNaN(at)),
        );
      },
    ),
  );
});
