import { describe, expect, test } from 'vitest';
import { type BreakerOptions, resolveBreaker } from '../../src/breaker/options.js';

describe('the defaults', () => {
  test('are those of the specification', () => {
    expect(resolveBreaker()).toEqual({
      mode: 'enforce',
      windowMs: 10_000,
      windowCalls: undefined,
      minimumCalls: 20,
      failureRatio: 0.5,
      slowCallMs: undefined,
      slowRatio: 1,
      openMs: 5_000,
      maxOpenMs: 60_000,
      jitterRatio: 0.1,
      probes: 3,
      leaseMs: undefined,
      isFailure: undefined,
      openAs: 'last',
      holdOnRetryAfter: false,
      timeoutMs: undefined,
      maxConcurrent: undefined,
      retry: undefined,
    });
  });

  test('of retries are three attempts in a budget of a fifth', () => {
    expect(resolveBreaker({ retry: {} }).retry).toEqual({ attempts: 3, budgetRatio: 0.2 });
  });

  test('let the first open period be longer than a minute', () => {
    expect(resolveBreaker({ openMs: 90_000 }).maxOpenMs).toBe(90_000);
  });

  test('need no more calls than a count window holds', () => {
    expect(resolveBreaker({ windowCalls: 5 }).minimumCalls).toBe(5);
    expect(resolveBreaker({ windowCalls: 30 }).minimumCalls).toBe(20);
  });
});

test('the result is frozen, and the given object is left alone', () => {
  const given: BreakerOptions = { retry: { attempts: 2 } };
  const config = resolveBreaker(given);
  expect(Object.isFrozen(config)).toBe(true);
  expect(Object.isFrozen(config.retry)).toBe(true);
  expect(given).toEqual({ retry: { attempts: 2 } });
  expect(Object.isFrozen(given)).toBe(false);
});

test.each<[string, object, string]>([
  ['an unknown name', { probs: 3 }, 'option breaker.probs is unknown: did you mean probes?'],
  ['an unknown name of retries', { retry: { attempt: 3 } }, 'breaker.retry.attempt is unknown'],
  ['another mode', { mode: 'on' }, "breaker.mode must be one of 'enforce', 'observe', 'off', got \"on\""],
  [
    'another kind of rejection',
    { openAs: '503' },
    "breaker.openAs must be one of 'last', 'error', 'response', got \"503\"",
  ],
  ['a hold that is neither on nor off', { holdOnRetryAfter: 30 }, 'breaker.holdOnRetryAfter must be'],
  ['no window', { windowMs: 0 }, 'breaker.windowMs must be a number above 0'],
  ['an endless window', { windowMs: Number.POSITIVE_INFINITY }, 'breaker.windowMs'],
  ['a broken count', { windowCalls: 1.5 }, 'breaker.windowCalls must be a whole number'],
  ['too large a count', { windowCalls: 100_001 }, 'breaker.windowCalls must be a number from 1 to 100000'],
  [
    'both windows',
    { windowCalls: 5, windowMs: 5 },
    'breaker.windowCalls must be left out when windowMs is given',
  ],
  ['no minimum', { minimumCalls: 0 }, 'breaker.minimumCalls'],
  ['a ratio of nothing', { failureRatio: 0 }, 'breaker.failureRatio must be a number above 0'],
  ['a ratio above all', { failureRatio: 1.01 }, 'breaker.failureRatio must be a number from 0 to 1'],
  ['a slow ratio of nothing', { slowRatio: 0 }, 'breaker.slowRatio'],
  ['a negative duration', { slowCallMs: -1 }, 'breaker.slowCallMs'],
  ['no open period', { openMs: 0 }, 'breaker.openMs'],
  [
    'a bound below the first period',
    { openMs: 10, maxOpenMs: 9 },
    'breaker.maxOpenMs must be at least openMs (10)',
  ],
  ['a negative jitter', { jitterRatio: -0.1 }, 'breaker.jitterRatio'],
  ['no probe', { probes: 0 }, 'breaker.probes'],
  ['too many probes', { probes: 1_001 }, 'breaker.probes'],
  ['no lease', { leaseMs: 0 }, 'breaker.leaseMs'],
  ['a judge that is none', { isFailure: true }, 'breaker.isFailure must be a function'],
  [
    'a timeout that fires at once',
    { timeoutMs: 2 ** 31 },
    'breaker.timeoutMs must be a number from 1 to 2147483647',
  ],
  ['no concurrency', { maxConcurrent: 0 }, 'breaker.maxConcurrent'],
  ['no attempt', { retry: { attempts: 0 } }, 'breaker.retry.attempts'],
  ['a budget above all', { retry: { budgetRatio: 2 } }, 'breaker.retry.budgetRatio'],
  ['retries that are no object', { retry: 3 }, 'breaker.retry must be an object'],
  ['null', null as unknown as object, 'breaker must be an object, got null'],
])('%s is an error that names the option', (_, given, message) => {
  expect(() => resolveBreaker(given)).toThrow(expect.objectContaining({ code: 'ERR_GS_OPTION' }));
  expect(() => resolveBreaker(given)).toThrow(message);
});

test('the largest values are accepted', () => {
  const largest = { failureRatio: 1, slowRatio: 1, jitterRatio: 1, probes: 1_000, timeoutMs: 2 ** 31 - 1 };
  expect(resolveBreaker(largest)).toMatchObject(largest);
  expect(resolveBreaker({ windowCalls: 100_000 })).toMatchObject({ windowCalls: 100_000 });
});

test('an error names the path that the options were given at', () => {
  expect(() => resolveBreaker({ probes: 0 }, 'breaker.upstreams.payment')).toThrow(
    'breaker.upstreams.payment.probes',
  );
});
