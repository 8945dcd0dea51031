import { expect, test } from 'vitest';
import type { Transition } from '../../src/breaker/transition-log.js';
import { createHarness } from './support/harness.js';

test('a transition says what moved it, when, and on which counts', () => {
  const { breaker, fail, succeed, advance, transitions } = createHarness();
  advance(500);
  succeed(8);
  fail(5, 'ECONNRESET');
  fail(7, 'timeout');
  expect(transitions).toEqual([
    {
      from: 'closed',
      to: 'open',
      why: 'failure-ratio',
      at: 1_500,
      generation: 1,
      reasons: { ECONNRESET: 5, timeout: 7 },
      snapshot: {
        state: 'open',
        calls: 20,
        failures: 12,
        slow: 0,
        failureRatio: 0.6,
        slowRatio: undefined,
        rejected: 0,
        late: 0,
        openedAt: 1_500,
        retryAfterMs: 5_000,
      },
    },
  ]);
  expect(breaker.transitions).toEqual(transitions);
});

test('a failure without a reason counts as failure', () => {
  const { trip, transitions } = createHarness();
  trip();
  expect(transitions[0]?.reasons).toEqual({ failure: 20 });
});

test('the probes that decided are counted in their transition', () => {
  const { trip, advance, fail, succeed, transitions } = createHarness();
  trip();
  advance(5_000);
  succeed(1);
  fail(2, 'timeout');
  expect(transitions.at(-1)).toMatchObject({
    why: 'probes-failed',
    reasons: { timeout: 2 },
    snapshot: { state: 'open', calls: 3, failures: 2, failureRatio: 2 / 3, retryAfterMs: 10_000 },
  });
});

test('what has aged out is in no transition', () => {
  const { breaker, fail, advance, transitions } = createHarness();
  fail(5);
  advance(10_000);
  breaker.forceOpen();
  expect(transitions[0]).toMatchObject({ reasons: {}, snapshot: { calls: 0 } });
});

test('every change begins a new generation', () => {
  const { trip, advance, succeed, transitions } = createHarness();
  trip();
  advance(5_000);
  succeed(2);
  expect(transitions.map(({ generation }) => generation)).toEqual([1, 2, 3]);
});

test('what the deciding call carried is named', () => {
  const { acquire, fail, transitions } = createHarness();
  fail(19);
  const last = acquire();
  last.evidence = { traceId: 'abc' };
  last.failure();
  expect(transitions[0]?.evidence).toEqual({ traceId: 'abc' });
});

test('a call that hangs is named when it is what opens it', () => {
  const { breaker, acquire, advance, transitions } = createHarness({ slowCallMs: 100, minimumCalls: 1 });
  acquire().evidence = 'the one that hangs';
  advance(101);
  breaker.tryAcquire();
  expect(transitions[0]).toMatchObject({ why: 'slow-ratio', evidence: 'the one that hangs' });
});

test('without evidence there is no such property', () => {
  const { trip, transitions } = createHarness();
  trip();
  expect(transitions[0]).not.toHaveProperty('evidence');
});

test('the last fifty are kept', () => {
  const { breaker } = createHarness();
  for (let i = 0; i < 30; i += 1) breaker.forceOpen().release();
  expect(breaker.transitions).toHaveLength(50);
  expect(breaker.transitions[0]?.generation).toBe(11);
  expect(breaker.transitions.at(-1)?.generation).toBe(60);
});

test('the list that is handed out is a copy', () => {
  const { breaker, trip } = createHarness();
  trip();
  (breaker.transitions as Transition[]).length = 0;
  expect(breaker.transitions).toHaveLength(1);
});

test('a listener hears of the next change until it is removed', () => {
  const { breaker } = createHarness();
  const heard: string[] = [];
  const stop = breaker.onTransition(({ to }) => heard.push(to));
  breaker.forceOpen();
  stop();
  stop();
  breaker.forceClose();
  expect(heard).toEqual(['forced-open']);
});

test('a listener that throws hurts neither the caller nor the other listeners', () => {
  const caught: unknown[] = [];
  const { breaker, moves, trip } = createHarness({}, { caught: (error) => caught.push(error) });
  const boom = new Error('boom');
  breaker.onTransition(() => {
    throw boom;
  });
  const after: string[] = [];
  breaker.onTransition(({ to }) => after.push(to));
  trip();
  expect([moves.length, after, caught]).toEqual([1, ['open'], [boom]]);
});

test('a listener that moves the circuit does so after everybody has heard of the first change', () => {
  const { breaker, trip } = createHarness();
  const heard: string[] = [];
  breaker.onTransition(({ to }) => {
    if (to === 'open') breaker.forceClose();
    heard.push(`one ${to}`);
  });
  breaker.onTransition(({ to }) => heard.push(`other ${to}`));
  trip();
  expect(heard).toEqual(['one open', 'other open', 'one closed', 'other closed']);
  expect(breaker.state).toBe('closed');
});

test('a call that asks while a listener closes the circuit again is let through', () => {
  const { breaker, trip, advance } = createHarness();
  breaker.onTransition(({ to }) => {
    if (to === 'half-open') breaker.forceClose();
  });
  trip();
  advance(5_000);
  for (let i = 0; i < 10; i += 1) expect(breaker.tryAcquire()).toBeDefined();
});

test('what hears of all breakers is told which one it was', () => {
  const heard: string[] = [];
  const { breaker } = createHarness({}, { onTransition: (name, { to }) => heard.push(`${name} ${to}`) });
  breaker.forceOpen();
  expect(heard).toEqual(['payment:8080 forced-open']);
});
