import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBreaker, type ForcedOpen } from '../../src/breaker/breaker.js';
import type { BreakerOptions } from '../../src/breaker/options.js';
import type { Permit } from '../../src/breaker/permit.js';
import { Model, type ModelOptions, type Share } from './support/model.js';

const share = fc.constantFrom<Share>([7, 100], [1, 3], [1, 2], [2, 3], [1, 1]);

const options: fc.Arbitrary<ModelOptions> = fc
  .record({
    window: fc.oneof(
      fc.constant({ ms: 2_000 }),
      fc.integer({ min: 1, max: 8 }).map((calls) => ({ calls })),
    ),
    minimumCalls: fc.integer({ min: 1, max: 6 }),
    failureShare: share,
    slowCallMs: fc.constantFrom(undefined, undefined, 0, 100, 400, 1_000),
    slowShare: share,
    openMs: fc.constantFrom(100, 500),
    maxOpenMs: fc.constantFrom(500, 1_500),
    jitterRatio: fc.constantFrom(0, 0.25, 1),
    probes: fc.integer({ min: 1, max: 4 }),
    leaseMs: fc.option(fc.constantFrom(50, 300), { nil: undefined }),
    maxConcurrent: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
  })
  .map(({ window, minimumCalls, ...rest }) => {
    const windowCalls = 'calls' in window ? window.calls : undefined;
    return {
      ...rest,
      windowCalls,
      windowMs: 'ms' in window ? window.ms : undefined,
      minimumCalls: windowCalls === undefined ? minimumCalls : Math.min(minimumCalls, windowCalls),
    };
  });

const waitMs = fc.oneof(fc.nat(20), fc.constantFrom(50, 100, 101, 300, 400, 401, 500, 1_000), fc.nat(1_500));

type Action =
  | { readonly do: 'acquire' | 'forceOpen' | 'forceClose' | 'reset' }
  | { readonly do: 'wait' | 'setBack'; readonly ms: number }
  | { readonly do: 'release' | 'answering'; readonly at: number }
  | { readonly do: 'mode'; readonly mode: 'enforce' | 'observe' | 'off' }
  | { readonly do: 'hold'; readonly at: number; readonly ms: number }
  | {
      readonly do: 'success' | 'failure' | 'ignore';
      readonly at: number;
      readonly durationMs: number | undefined;
      readonly reason: string | undefined;
      readonly details: { readonly isAnswer: boolean; readonly retryAfterMs: number | undefined } | undefined;
    };

const ending = (of: 'success' | 'failure' | 'ignore') =>
  fc.record({
    do: fc.constant(of),
    at: fc.nat(7),
    durationMs: fc.option(fc.constantFrom(0, 100, 101, 5_000), { nil: undefined }),
    reason: fc.option(fc.constantFrom('timeout', 'ECONNRESET'), { nil: undefined }),
    details: fc.option(
      fc.record({
        isAnswer: fc.boolean(),
        retryAfterMs: fc.option(fc.constantFrom(-1, 0, 50, 700, 9_000), { nil: undefined }),
      }),
      { nil: undefined },
    ),
  });

const only = <T extends string>(name: T) => fc.constant({ do: name });
const some = <T extends string, U>(name: T, rest: { [K in keyof U]: fc.Arbitrary<U[K]> }) =>
  fc.record({ do: fc.constant(name), ...rest }) as unknown as fc.Arbitrary<{ do: T } & U>;

// Mostly calls and time: what an operator does ends every state, and would leave the others little chance to be reached.
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 40, arbitrary: only('acquire') },
  { weight: 24, arbitrary: ending('failure') },
  { weight: 20, arbitrary: ending('success') },
  { weight: 6, arbitrary: ending('ignore') },
  { weight: 12, arbitrary: some('answering', { at: fc.nat(7) }) },
  { weight: 24, arbitrary: some('wait', { ms: waitMs }) },
  { weight: 2, arbitrary: some('setBack', { ms: waitMs }) },
  { weight: 3, arbitrary: some('hold', { at: fc.nat(7), ms: fc.constantFrom(-1, 0, 50, 700, 9_000) }) },
  { weight: 1, arbitrary: fc.oneof(only('forceOpen'), only('forceClose'), only('reset')) },
  { weight: 2, arbitrary: some('release', { at: fc.nat(3) }) },
  { weight: 1, arbitrary: some('mode', { mode: fc.constantFrom('enforce', 'enforce', 'observe', 'off') }) },
);

// Both draw from the same chances, each at its own pace.
const chance = (chances: readonly number[]) => {
  let drawn = 0;
  return () => {
    drawn += 1;
    return chances[drawn % chances.length] as number;
  };
};

function createPair(given: ModelOptions, chances: readonly number[]) {
  const { failureShare, slowShare, ...rest } = given;
  const known = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  let reading = 10_000;
  const breaker = createBreaker(
    {
      ...(known as BreakerOptions),
      failureRatio: failureShare[0] / failureShare[1],
      slowRatio: slowShare[0] / slowShare[1],
    },
    { now: () => reading, random: chance(chances), name: 'tested' },
  );
  const model = new Model(given, reading, chance(chances));
  // A clock can be seen to go back only once it was read.
  expect(breaker.state).toBe(model.state);
  const permits: Permit[] = [];
  const holds: ForcedOpen[] = [];

  // Counted from the newest, so that what is ended is mostly what is under way.
  const pick = (at: number) => permits.length - 1 - at;

  function act(each: Action): void {
    switch (each.do) {
      case 'acquire': {
        const permit = breaker.tryAcquire();
        expect(permit !== undefined).toBe(model.acquire());
        if (permit === undefined) return;
        permit.evidence = permits.length;
        permits.push(permit);
        return;
      }
      case 'success':
      case 'failure':
        permits[pick(each.at)]?.[each.do](each.durationMs, each.reason, each.details);
        model.end(pick(each.at), each.do, each.durationMs, each.reason, each.details);
        return;
      case 'answering':
        permits[pick(each.at)]?.answering();
        model.answering(pick(each.at));
        return;
      case 'ignore':
        permits[pick(each.at)]?.ignore();
        model.end(pick(each.at), 'ignore');
        return;
      case 'hold':
        permits[pick(each.at)]?.hold(each.ms);
        model.hold(pick(each.at), each.ms);
        return;
      case 'wait':
        reading += each.ms;
        model.now += each.ms;
        return;
      case 'setBack':
        reading -= each.ms;
        return;
      case 'forceOpen':
        holds.push(breaker.forceOpen());
        model.forceOpen();
        return;
      case 'release':
        holds[each.at]?.release();
        model.release(each.at);
        return;
      case 'mode':
        breaker.setMode(each.mode);
        model.setMode(each.mode);
        return;
      default:
        breaker[each.do]();
        model[each.do]();
    }
  }

  return { breaker, model, act };
}

test('the breaker agrees with a naive reading of its rules, whatever happens to it', () => {
  const chances = fc.array(fc.constantFrom(0, 0.25, 0.5, 0.999), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(
      options,
      chances,
      fc.array(action, { maxLength: 150, size: 'max' }),
      (given, drawn, actions) => {
        const { breaker, model, act } = createPair(given, drawn);
        const moves: unknown[] = [];
        breaker.onTransition(({ from, to, why, at, generation, reasons, evidence }) => {
          moves.push({ from, to, why, at, generation, reasons, evidence });
        });
        for (const each of actions) {
          act(each);
          expect(breaker.snapshot()).toEqual(model.snapshot());
          expect(breaker.state).toBe(model.state);
          expect(breaker.rejectsAs).toBe(model.rejectsAs);
          expect(breaker.observedFailures).toBe(model.observedFailures);
          expect(moves).toEqual(model.moves);
        }
      },
    ),
    { numRuns: 500 },
  );
});
