import { describe, expect, test } from 'vitest';
import { reasonOf, runInReverse, runTogether } from '../../src/process/hooks.js';
import { createFakeClock, settled } from '../support/fake-clock.js';

const never = () => new Promise<never>(() => {});

describe('hooks that run one after the other', () => {
  function run(hooks: readonly ((signal: AbortSignal) => unknown)[], totalMs = 2_000) {
    const clock = createFakeClock(0);
    const failures: string[] = [];
    const deps = { timers: clock, onFailure: (reason: string) => failures.push(reason) };
    return { clock, failures, failed: runInReverse(hooks, totalMs, () => clock.now(), deps) };
  }

  test('begin with the last, and each waits for the one before', async () => {
    const order: string[] = [];
    const { failed } = run([
      () => order.push('first'),
      async () => {
        await settled();
        order.push('last');
      },
    ]);
    expect(await failed).toBe(0);
    expect(order).toEqual(['last', 'first']);
  });

  test('that hang get an equal share of the time each, and are told that it is up', async () => {
    const signals: AbortSignal[] = [];
    const hang = (signal: AbortSignal) => {
      signals.push(signal);
      return never();
    };
    const { clock, failed, failures } = run([hang, hang]);
    await clock.advance(999);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    await clock.advance(1);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    await clock.advance(1_000);
    expect(await failed).toBe(2);
    expect(clock.now()).toBe(2_000);
    expect(failures).toEqual(Array(2).fill('an onShutdown hook had not ended after 1000 ms'));
  });

  test('that are quick leave their time to the others', async () => {
    const { clock, failed } = run([never, () => {}]);
    await clock.advance(1_999);
    let isDone = false;
    void failed.then(() => {
      isDone = true;
    });
    await settled();
    expect(isDone).toBe(false);
    await clock.advance(1);
    expect(await failed).toBe(1);
  });

  test('that fail do not keep the others from running', async () => {
    const ran: number[] = [];
    const { failed, failures } = run([
      () => ran.push(1),
      () => {
        throw new Error('two\nlines');
      },
    ]);
    expect(await failed).toBe(1);
    expect(ran).toEqual([1]);
    expect(failures).toEqual(['an onShutdown hook failed: Error: two']);
  });
});

describe('hooks that run together', () => {
  test('begin all at once, and are done when the last has ended', async () => {
    const ends: (() => void)[] = [];
    const open = () => new Promise<void>((resolve) => ends.push(resolve));
    const group = runTogether([() => {}, open], () => {});
    await settled();
    expect(group.pending).toBe(1);
    ends[0]?.();
    await group.done;
    expect(group).toMatchObject({ pending: 0, failed: 0 });
  });

  test('that are abandoned count as failed, once, however they end', async () => {
    const failures: string[] = [];
    const rejections: ((reason: unknown) => void)[] = [];
    const open = () => new Promise((_resolve, reject) => rejections.push(reject));
    const group = runTogether([never, open], (reason) => failures.push(reason));
    group.abandon();
    rejections[0]?.(new Error('late'));
    await settled();
    expect(group.failed).toBe(2);
    expect(failures).toEqual(['2 of the onDrain hooks had not ended in time']);
  });
});

describe('a reason in the log', () => {
  test('is one short line of anything', () => {
    expect(reasonOf(new RangeError('a\nb'))).toBe('RangeError: a');
    expect(reasonOf('x'.repeat(500))).toHaveLength(200);
    expect(reasonOf(Symbol('s'))).toBe('Symbol(s)');
    expect(reasonOf(Object.create(null))).toBe('something that cannot be printed');
  });
});
