import { afterEach, expect, test, vi } from 'vitest';
import { createRuntime } from '../../src/breaker/runtime.js';

afterEach(() => vi.restoreAllMocks());

test('what is not given comes from the process, and its timers do not keep that alive', () => {
  const { now, random, timers } = createRuntime({});
  expect(now()).toBeLessThanOrEqual(performance.now());
  expect(random()).toBeLessThan(1);
  const handle = timers.set(() => {}, 60_000) as NodeJS.Timeout;
  expect(handle.hasRef()).toBe(false);
  timers.clear(handle);
});

test('what a callback threw is said once in a process, also if it cannot be printed', () => {
  const emitted = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const hostile = {
    toString() {
      throw new Error('hostile');
    },
  };
  createRuntime({}).caught(hostile);
  createRuntime({}).caught(new Error('again'));
  expect(emitted.mock.calls).toEqual([
    ['a circuit breaker goes on without a callback that threw: unprintable', 'GoldenSignalsWarning'],
  ]);
});
