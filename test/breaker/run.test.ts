import { getEventListeners } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import { isCircuitOpenError } from '../../src/breaker/circuit-open-error.js';
import type { BreakerOutcome } from '../../src/breaker/options.js';
import { createBreaker } from '../../src/breaker.js';
import { settled } from '../support/fake-clock.js';
import { createHarness } from './support/harness.js';

const failing = (error: unknown) => () => Promise.reject(error);

// A call that ends only when it is aborted, with whatever its signal says.
const hang = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });

describe('a call that is let through', () => {
  test.each<[string, () => unknown]>([
    ['a promise', () => Promise.resolve(7)],
    ['a value', () => 7],
    // biome-ignore lint/suspicious/noThenProperty: a thenable that is no promise is the point.
    ['a thenable', () => ({ then: (resolve: (value: number) => void) => resolve(7) })],
  ])('returns what %s comes to, and is a success', async (_, fn) => {
    const { breaker } = createHarness();
    await expect(breaker.run(fn)).resolves.toBe(7);
    expect(breaker.snapshot()).toMatchObject({ calls: 1, failures: 0 });
  });

  test.each<[string, (error: Error) => () => unknown]>([
    ['rejects', (error) => failing(error)],
    [
      'throws',
      (error) => () => {
        throw error;
      },
    ],
  ])('passes on the error when it %s, and is a failure', async (_, make) => {
    const { breaker } = createHarness();
    const error = new Error('boom');
    await expect(breaker.run(make(error))).rejects.toBe(error);
    expect(breaker.snapshot()).toMatchObject({ calls: 1, failures: 1 });
  });

  test('keeps the frames of its caller in the error', async () => {
    const { breaker } = createHarness();
    async function theCaller() {
      return await breaker.run(async () => {
        await settled();
        throw new Error('boom');
      });
    }
    await expect(theCaller()).rejects.toHaveProperty('stack', expect.stringContaining('theCaller'));
  });

  test('begins at once, before run returns', () => {
    const fn = vi.fn();
    void createHarness().breaker.run(fn);
    expect(fn).toHaveBeenCalledOnce();
  });

  test('that ends after a change of state is late, whatever it came to', async () => {
    const { breaker } = createHarness();
    const good = breaker.run(settled);
    const bad = breaker.run(() => settled().then(failing(new Error('boom'))));
    breaker.reset();
    await Promise.allSettled([good, bad]);
    expect(breaker.snapshot()).toMatchObject({ calls: 0, late: 2 });
  });
});

test('a call that is turned away is not made, and rejects with the reason', async () => {
  const { breaker, trip } = createHarness();
  trip();
  const fn = vi.fn();
  const error = await breaker.run(fn).catch((caught: unknown) => caught);
  expect(isCircuitOpenError(error)).toBe(true);
  expect(error).toMatchObject({ upstream: 'payment:8080', retryAfterMs: 5_000 });
  expect(fn).not.toHaveBeenCalled();
});

test('a success can be the call that opens it', async () => {
  const { breaker } = createHarness({ minimumCalls: 3 });
  for (let i = 0; i < 2; i += 1) await breaker.run(failing(new Error('boom'))).catch(() => {});
  await breaker.run(() => 'fine');
  expect(breaker.state).toBe('open');
});

test('calls open it, and probes close it again', async () => {
  const { breaker, advance } = createHarness({ minimumCalls: 2 });
  for (let i = 0; i < 2; i += 1) await breaker.run(failing(new Error('boom'))).catch(() => {});
  expect(breaker.state).toBe('open');
  advance(5_000);
  for (let i = 0; i < 2; i += 1) await breaker.run(() => 'fine');
  expect(breaker.state).toBe('closed');
});

test('a transition counts by code, by name, and by neither', async () => {
  const { breaker, transitions } = createHarness({ minimumCalls: 8 });
  const errors = [
    Object.assign(new Error('a'), { code: 'ECONNRESET' }),
    Object.assign(new Error('b'), { code: 'ECONNRESET' }),
    Object.assign(new Error('c'), { code: 'not a code, but a text about user 17' }),
    Object.assign(new Error('d'), { code: 20 }),
    new TypeError('e'),
    new DOMException('f', 'TimeoutError'),
    'a string',
    new Proxy(new Error('g'), {
      get() {
        throw new Error('hostile');
      },
    }),
  ];
  for (const error of errors) await breaker.run(failing(error)).catch(() => {});
  expect(transitions[0]?.reasons).toEqual({ ECONNRESET: 2, Error: 2, TypeError: 1, timeout: 1, failure: 2 });
});

describe('isFailure', () => {
  test('judges what was thrown, and what was returned by its status', async () => {
    const seen: BreakerOutcome[] = [];
    const { breaker } = createHarness({
      isFailure(outcome) {
        seen.push(outcome);
        return false;
      },
    });
    const error = new Error('boom');
    await breaker.run(failing(error)).catch(() => {});
    for (const value of [{ status: 503 }, { statusCode: 404 }, { status: 'ok' }, { status: 7 }, 5, null])
      await breaker.run(() => value);
    expect(seen).toEqual([{ error }, { status: 503 }, { status: 404 }, {}, {}, {}, {}]);
    expect(breaker.snapshot()).toMatchObject({ calls: 7, failures: 0 });
  });

  test('may find a returned value to be a failure, counted by its status', async () => {
    const { breaker, transitions } = createHarness({
      minimumCalls: 1,
      isFailure: ({ status = 0 }) => status >= 500,
    });
    await expect(breaker.run(() => ({ status: 503 }))).resolves.toEqual({ status: 503 });
    expect(transitions[0]?.reasons).toEqual({ 503: 1 });
  });

  test('may ignore', async () => {
    const { breaker } = createHarness({ isFailure: () => 'ignore' });
    await breaker.run(() => 1);
    await breaker.run(failing(new Error('boom'))).catch(() => {});
    expect(breaker.snapshot()).toMatchObject({ calls: 0 });
  });

  test('that throws is reported and leaves the usual judgement', async () => {
    const caught: unknown[] = [];
    const bug = new Error('bug');
    const { breaker } = createHarness(
      {
        isFailure() {
          throw bug;
        },
      },
      { caught: (error) => caught.push(error) },
    );
    await expect(breaker.run(() => 1)).resolves.toBe(1);
    await breaker.run(failing(new Error('boom'))).catch(() => {});
    expect(breaker.snapshot()).toMatchObject({ calls: 2, failures: 1 });
    expect(caught).toEqual([bug, bug]);
  });

  test('is not asked about a value whose getters throw', async () => {
    const { breaker } = createHarness({ isFailure: () => false });
    const value = {
      get status() {
        throw new Error('hostile');
      },
    };
    await expect(breaker.run(() => value)).resolves.toBe(value);
    expect(breaker.snapshot()).toMatchObject({ calls: 1 });
  });
});

describe('the signal', () => {
  test('is there for every call, and where nothing can abort it, costs nothing and keeps no listener', async () => {
    const { breaker } = createHarness();
    const signals: AbortSignal[] = [];
    for (let i = 0; i < 3; i += 1) {
      await breaker.run((signal) => {
        signals.push(signal);
        signal.addEventListener('abort', () => {});
        AbortSignal.any([signal, new AbortController().signal]);
      });
    }
    const [signal] = signals as [AbortSignal];
    expect(signal).toBeInstanceOf(AbortSignal);
    expect(signal.aborted).toBe(false);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    expect(new Set(signals).size).toBe(1);
  });

  test('is the one of the caller, where there is one', async () => {
    const { breaker } = createHarness();
    const { signal } = new AbortController();
    await breaker.run((given) => expect(given).toBe(signal), { signal });
  });
});

describe('a caller who aborts', () => {
  test('is no evidence against the upstream', async () => {
    const { breaker } = createHarness();
    const controller = new AbortController();
    const call = breaker.run(hang, { signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toHaveProperty('name', 'AbortError');
    expect(breaker.snapshot()).toMatchObject({ calls: 0, late: 0 });
  });

  test('is none either where the client disguises it as a reset', async () => {
    const { breaker } = createHarness();
    const controller = new AbortController();
    const reset = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    const call = breaker.run(() => settled().then(failing(reset)), { signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toBe(reset);
    expect(breaker.snapshot()).toMatchObject({ calls: 0 });
  });

  test('does not undo a call that succeeded all the same', async () => {
    const { breaker } = createHarness();
    const controller = new AbortController();
    const call = breaker.run(settled, { signal: controller.signal });
    controller.abort();
    await call;
    expect(breaker.snapshot()).toMatchObject({ calls: 1, failures: 0 });
  });

  test('before the call keeps it from being made', async () => {
    const { breaker } = createHarness();
    const fn = vi.fn();
    const reason = new Error('too late');
    await expect(breaker.run(fn, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(fn).not.toHaveBeenCalled();
    expect(breaker.snapshot()).toMatchObject({ calls: 0, rejected: 0 });
  });

  test('of another signal than the one told is a failure', async () => {
    const { breaker } = createHarness();
    await breaker.run(failing(new DOMException('aborted', 'AbortError'))).catch(() => {});
    expect(breaker.snapshot()).toMatchObject({ calls: 1, failures: 1 });
  });
});

describe('a timeout', () => {
  test('ends the wait, aborts the call and is a failure', async () => {
    const { breaker, clock, transitions } = createHarness({ timeoutMs: 250, minimumCalls: 1 });
    let inner: AbortSignal | undefined;
    const call = breaker.run((signal) => {
      inner = signal;
      return hang(signal);
    });
    const outcome = expect(call).rejects.toMatchObject({
      name: 'TimeoutError',
      message: 'the call took longer than 250 ms',
    });
    await clock.advance(249);
    expect(inner?.aborted).toBe(false);
    await clock.advance(1);
    await outcome;
    expect(inner?.aborted).toBe(true);
    expect(transitions[0]?.reasons).toEqual({ timeout: 1 });
  });

  test('ends the wait for a call that ignores its signal, and what that does later hurts nobody', async () => {
    const { breaker, clock } = createHarness({ timeoutMs: 250 });
    let fail: (error: Error) => void = () => {};
    const call = breaker.run(
      () =>
        new Promise((_, reject) => {
          fail = reject;
        }),
    );
    const outcome = expect(call).rejects.toHaveProperty('name', 'TimeoutError');
    await clock.advance(250);
    await outcome;
    fail(new Error('much later'));
    await settled();
    expect(breaker.snapshot()).toMatchObject({ calls: 1, failures: 1, late: 0 });
  });

  test('gives the caller its own error, not what the call makes of the abort', async () => {
    const { breaker, clock } = createHarness({ timeoutMs: 250 });
    const call = breaker.run(
      (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('socket hang up')));
        }),
    );
    const outcome = expect(call).rejects.toHaveProperty('name', 'TimeoutError');
    await clock.advance(250);
    await outcome;
  });

  test('leaves no timer and no listener behind a call that ended', async () => {
    const { breaker, clock } = createHarness({ timeoutMs: 250 });
    const { signal } = new AbortController();
    await breaker.run(() => 1, { signal });
    await breaker.run(failing(new Error('boom')), { signal }).catch(() => {});
    const thrown = () => {
      throw new Error('boom');
    };
    await breaker.run(thrown, { signal }).catch(() => {});
    expect(clock.pending).toBe(0);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('does not hide that the caller aborted', async () => {
    const { breaker } = createHarness({ timeoutMs: 250 });
    const controller = new AbortController();
    const call = breaker.run(hang, { signal: controller.signal });
    const reason = new Error('no longer needed');
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(breaker.snapshot()).toMatchObject({ calls: 0 });
  });

  test('is a failure though the caller aborted right after it', async () => {
    const { breaker, clock } = createHarness({ timeoutMs: 250 });
    const controller = new AbortController();
    const call = breaker.run(hang, { signal: controller.signal });
    const outcome = expect(call).rejects.toHaveProperty('name', 'TimeoutError');
    clock.advanceNow(250);
    controller.abort();
    await outcome;
    expect(breaker.snapshot()).toMatchObject({ calls: 1, failures: 1 });
  });

  test('does not blame the upstream for a loop that was blocked', async () => {
    const { breaker, clock } = createHarness({ timeoutMs: 250 });
    let answer: (value: string) => void = () => {};
    const call = breaker.run(
      () =>
        new Promise<string>((resolve) => {
          answer = resolve;
        }),
    );
    clock.stall(400);
    await clock.advance(0);
    answer('was there all along');
    await expect(call).resolves.toBe('was there all along');
    expect(breaker.snapshot()).toMatchObject({ calls: 1, failures: 0 });
    expect(clock.pending).toBe(0);
  });
});

test('a timeout is no evidence while this process is stalled itself, and no less a timeout', async () => {
  const { breaker, clock } = createHarness({ timeoutMs: 250 }, { isStalled: () => true });
  const outcome = expect(breaker.run(hang)).rejects.toHaveProperty('name', 'TimeoutError');
  await clock.advance(250);
  await outcome;
  expect(breaker.snapshot()).toMatchObject({ calls: 0 });
});

test('a timeout that this process was late to notice is no evidence, one that it noticed in time is', async () => {
  const { breaker, clock } = createHarness({ timeoutMs: 250, minimumCalls: 1_000 });
  const late = expect(breaker.run(hang)).rejects.toHaveProperty('name', 'TimeoutError');
  clock.stall(351);
  await clock.advance(50);
  await late;
  expect(breaker.snapshot()).toMatchObject({ calls: 0 });

  const inTime = expect(breaker.run(hang)).rejects.toHaveProperty('name', 'TimeoutError');
  clock.stall(350);
  await clock.advance(50);
  await inTime;
  expect(breaker.snapshot()).toMatchObject({ calls: 1, failures: 1 });
});

test('evidence that is given with a call is in the transition it causes', async () => {
  const { breaker, transitions } = createHarness({ minimumCalls: 1 });
  await breaker.run(failing(new Error('boom')), { evidence: 'trace abc' }).catch(() => {});
  expect(transitions[0]?.evidence).toBe('trace abc');
});

test('a call is measured where there is a limit for slow ones', async () => {
  const { breaker, clock } = createHarness({ slowCallMs: 100 });
  await breaker.run(() => clock.stall(101));
  expect(breaker.snapshot()).toMatchObject({ calls: 1, slow: 1 });
});

test('a place under the limit is free again after a call, whatever it came to', async () => {
  const { breaker } = createHarness({ maxConcurrent: 1 });
  const first = breaker.run(settled);
  await expect(breaker.run(() => 1)).rejects.toMatchObject({ code: 'ERR_CIRCUIT_OPEN', rejectedBy: 'busy' });
  await first;
  await breaker.run(failing(new Error('boom'))).catch(() => {});
  await expect(breaker.run(() => 1)).resolves.toBe(1);
});

test('a breaker made without anything works on the clock of the process', async () => {
  const breaker = createBreaker();
  await expect(breaker.run(() => 1)).resolves.toBe(1);
  await breaker.run(failing(new Error('boom'))).catch(() => {});
  expect(breaker.name).toBe('breaker');
  expect(breaker.snapshot()).toMatchObject({ state: 'closed', calls: 2, failures: 1 });
});

test('a name must be a text', () => {
  expect(() => createBreaker({}, { name: '' })).toThrow('option name must be a string');
});
