import { ROOT_CONTEXT, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contextWithSpan } from '../../src/context/request-context.js';
import { createSpanContext } from '../../src/context/w3c-span-context.js';
import { Candidate, Keeper } from '../../src/trace/keeper.js';
import { LiveSpan, type SpanOrigin } from '../../src/trace/live-span.js';
import { createFakeClock } from '../support/fake-clock.js';

function createKeeper(slowerThanMs = 1_000) {
  const clock = createFakeClock();
  const kept: string[] = [];
  const discarded: string[] = [];
  let givenUp = 0;
  const keeper = new Keeper({
    config: { errors: true, slowerThanMs },
    clock,
    onLimit: (count) => {
      givenUp += count;
    },
    candidateOf: (span) => (span instanceof LiveSpan ? span.candidate : undefined),
    keep: ({ name }) => void kept.push(name),
    discard: ({ name }) => void discarded.push(name),
  });
  const origin = {
    clock,
    scope: { name: 'tests' },
    resource: () => ({ attributes: {} }),
    ended: (span: LiveSpan) => keeper.ended(span as unknown as ReadableSpan, span.candidate as Candidate),
  } as unknown as SpanOrigin;
  const begin = (name: string, candidate: Candidate) => {
    const own = createSpanContext(undefined, 'a'.repeat(32), 'b'.repeat(16), 2);
    const span = new LiveSpan(origin, SpanKind.INTERNAL, name, own, undefined, clock.now(), undefined);
    span.candidate = candidate;
    return span;
  };
  /** The span of a local root. */
  const root = (name: string) => {
    const candidate = new Candidate(clock.now());
    const span = begin(name, candidate);
    candidate.root = span;
    return { candidate, span };
  };
  return { clock, keeper, kept, discarded, begin, root, givenUp: () => givenUp };
}

const ERROR = { code: SpanStatusCode.ERROR };

test('spans wait for the end of their local root, and share what becomes of it', () => {
  const { begin, root, kept, discarded } = createKeeper();
  const [good, bad] = [root('good'), root('bad')];
  begin('of good', good.candidate).end();
  begin('of bad', bad.candidate).end();
  expect([kept, discarded]).toEqual([[], []]);
  good.span.end();
  expect(discarded).toEqual(['of good', 'good']);
  bad.span.setStatus(ERROR);
  bad.span.end();
  expect(kept).toEqual(['of bad', 'bad']);
  expect(bad.span.spanContext().traceFlags).toBe(3);
  // What ends later is still a part of it.
  begin('late', bad.candidate).end();
  begin('late', good.candidate).end();
  expect(kept).toEqual(['of bad', 'bad', 'late']);
  expect(discarded).toEqual(['of good', 'good', 'late']);
});

test('a failed span is no reason to keep a root that did not fail', () => {
  const { begin, root, kept } = createKeeper();
  const { candidate, span } = root('root');
  begin('retried', candidate).setStatus(ERROR).end();
  span.end();
  expect(kept).toEqual([]);
});

test('one that is slow already is kept from then on, and its calls say so', () => {
  const { begin, root, kept, clock, keeper } = createKeeper(1_000);
  const { candidate, span } = root('root');
  begin('first', candidate).end();
  clock.advanceNow(1_000);
  expect(keeper.stateFor(candidate, undefined)).toBeUndefined();
  clock.advanceNow(1);
  expect(keeper.stateFor(candidate, undefined)?.serialize()).toBe('golden-signals=keep');
  expect(kept).toEqual(['first']);
  begin('second', candidate).end();
  expect(kept).toEqual(['first', 'second']);
  span.end();
  expect(kept).toEqual(['first', 'second', 'root']);
});

test('a call finds the candidate of the span that it is made under', () => {
  const { root, keeper } = createKeeper();
  const { candidate, span } = root('root');
  expect(keeper.candidateIn(ROOT_CONTEXT)).toBeUndefined();
  expect(keeper.candidateIn(contextWithSpan(ROOT_CONTEXT, span))).toBe(candidate);
});

test('past 8 MiB the spans that wait for longest are given up and counted; their root is kept all the same', () => {
  const { begin, root, kept, givenUp } = createKeeper();
  const endless = root('endless');
  for (let count = 0; count < 100; count += 1)
    begin('of endless', endless.candidate).setAttribute('text', 'x'.repeat(40_000)).end();
  const next = root('next');
  let ended = 0;
  while (givenUp() === 0 && ended < 1_000) {
    begin('of next', next.candidate).setAttribute('text', 'x'.repeat(40_000)).end();
    ended += 1;
  }
  expect(givenUp()).toBe(100);
  expect(ended).toBeLessThan(150);
  next.span.setStatus(ERROR).end();
  expect(kept).toHaveLength(ended + 1);
  endless.span.setStatus(ERROR).end();
  expect(kept.slice(-1)).toEqual(['endless']);
});

test('every span of a root goes one way, whatever the order is in which they end', () => {
  const spans = fc.array(fc.record({ root: fc.nat(3), fails: fc.boolean() }), { maxLength: 30 });
  fc.assert(
    fc.property(
      spans,
      fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      fc.nat(30),
      (all, fails, at) => {
        const { begin, root, kept, discarded } = createKeeper();
        const roots = fails.map((_, index) => root(`root ${index}`));
        const end = () =>
          roots.forEach(({ span }, index) => {
            if (fails[index]) span.setStatus(ERROR);
            span.end();
          });
        all.forEach((each, index) => {
          if (index === at) end();
          const span = begin(`root ${each.root}`, roots[each.root]?.candidate as Candidate);
          if (each.fails) span.setStatus(ERROR);
          span.end();
        });
        if (at >= all.length) end();
        const wanted = [...all.map((each) => each.root), 0, 1, 2, 3];
        const names = (isKept: boolean) =>
          wanted.filter((index) => fails[index] === isKept).map((index) => `root ${index}`);
        expect([...kept].sort()).toEqual(names(true).sort());
        expect([...discarded].sort()).toEqual(names(false).sort());
      },
    ),
  );
});
