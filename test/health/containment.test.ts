import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readResult } from '../../src/health/result.js';
import { settled } from '../support/fake-clock.js';
import { createRunningHealth, target } from './support/harness.js';
import { anything, createErrorWithGetters, createHostileProxy, misbehaving } from './support/hostile.js';

const escaped: unknown[] = [];
const note = (error: unknown) => void escaped.push(error);

beforeEach(() => {
  escaped.length = 0;
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
});

afterEach(() => {
  process.off('unhandledRejection', note);
  process.off('uncaughtException', note);
});

test('whatever a check throws, rejects with or resolves with, every body is JSON and nothing escapes', async () => {
  await fc.assert(
    fc.asyncProperty(anything(), fc.boolean(), async (make, critical) => {
      const runs = misbehaving(make());
      const checks = Object.fromEntries(runs.map((run, index) => [`check${index}`, { run, critical }]));
      const { health, ask, faults } = await createRunningHealth({ checks });
      for (const probe of ['live', 'startup', 'ready', 'health'] as const) {
        for (const detail of [false, true]) {
          const { body, status } = await ask(probe, { detail });
          expect(JSON.parse(body).status).toBe(
            status === 503 ? 'fail' : health.verdict(target(probe)).status,
          );
        }
      }
      expect(faults).toEqual([]);
      health.close();
    }),
    { numRuns: 150 },
  );
  await settled();
  expect(escaped).toEqual([]);
});

describe('a failure is recorded for', () => {
  test.each<[string, unknown, string]>([
    ['undefined', undefined, 'threw undefined'],
    ['null', null, 'threw null'],
    ['a symbol', Symbol('secret'), 'threw a symbol'],
    ['a bigint', 7n, 'threw a bigint'],
    ['a string', 'no luck', 'no luck'],
    ['an empty string', '', 'threw an empty string'],
    ['a frozen error', Object.freeze(new TypeError('frozen')), 'TypeError: frozen'],
    [
      'an error with a code',
      Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
      'Error ECONNREFUSED: refused',
    ],
    ['an error whose getters throw', createErrorWithGetters(), 'threw an object'],
    ['a proxy whose traps throw', createHostileProxy(), 'threw an object'],
    ['a function', () => {}, 'threw an object'],
  ])('%s that is thrown', (_name, thrown, output) => {
    expect(readResult({ kind: 'thrown', error: thrown })).toMatchObject({ status: 'fail', output });
  });

  test('a result whose status cannot be read', () => {
    expect(readResult({ kind: 'value', value: createHostileProxy() })).toMatchObject({
      status: 'fail',
      output: 'unreadable result',
    });
  });
});

describe('a result', () => {
  test.each<[unknown, string]>([
    [undefined, 'pass'],
    [true, 'pass'],
    [false, 'fail'],
    [null, 'pass'],
    [0, 'pass'],
    ['PONG', 'pass'],
    [{ rows: [] }, 'pass'],
    [{ status: 200 }, 'pass'],
    [{ ok: false }, 'pass'],
    [{ ok: false, status: 'active' }, 'pass'],
    [{ status: 'active' }, 'pass'],
    [{ status: 'pass' }, 'pass'],
    [{ status: 'warn' }, 'warn'],
    [{ status: 'fail' }, 'fail'],
    [{ status: 'UP' }, 'pass'],
    [{ status: 'down' }, 'fail'],
    [{ status: 'error' }, 'fail'],
    [{ status: 'degraded' }, 'warn'],
    [{ status: 'yellow' }, 'warn'],
    [{ status: 'Warning' }, 'warn'],
    [{ status: 'red' }, 'fail'],
    [{ status: 'unhealthy' }, 'fail'],
    [{ status: 'OUT_OF_SERVICE' }, 'fail'],
    [{ status: 'UNKNOWN' }, 'fail'],
  ])('of %j is %s', (value, status) => {
    expect(readResult({ kind: 'value', value }).status).toBe(status);
  });

  test('of fetch() is a failure unless its status is 2xx: it rejects for no status', () => {
    const outcomes = [204, 404, 503].map((status) =>
      readResult({ kind: 'value', value: new Response(null, { status }) }),
    );
    expect(outcomes.map(({ status, output }) => [status, output])).toEqual([
      ['pass', undefined],
      ['fail', 'status 404'],
      ['fail', 'status 503'],
    ]);
  });

  test('keeps what can be read of it and shown', () => {
    const value = Object.defineProperty(
      { status: 'warn', observedValue: 0.9, output: 'disk\nfull' },
      'observedUnit',
      {
        get() {
          throw new Error('no unit');
        },
      },
    );
    expect(readResult({ kind: 'value', value })).toMatchObject({
      status: 'warn',
      output: 'disk',
      observedValue: 0.9,
      observedUnit: undefined,
    });
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 10n, {}, Symbol('x')])(
    'drops an observed value of %s',
    (observedValue) => {
      expect(
        readResult({ kind: 'value', value: { status: 'pass', observedValue } }).observedValue,
      ).toBeUndefined();
    },
  );
});
