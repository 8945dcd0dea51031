import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resolveShutdown } from '../../src/process/shutdown-options.js';
import { planOf } from '../../src/process/shutdown-plan.js';
import { call, crash, sigterm } from './support/service.js';

const hook = { onShutdown: () => {} };
const inKubernetes = resolveShutdown(hook, { outside: 'kubernetes', gracePeriodS: undefined });

const interrupt = { kind: 'signal', signal: 'SIGINT', isFromTerminal: true, isBeside: false } as const;
const beside = { ...sigterm, isBeside: true };

describe('the plan of a shutdown', () => {
  test('is that of the specification by default', () => {
    expect(planOf(inKubernetes, sigterm)).toEqual({
      delayMs: 5_000,
      drainMs: 15_000,
      hooksMs: 2_000,
      flushMs: 2_000,
    });
  });

  test('has no delay for an interrupt from a terminal, whatever is given', () => {
    expect(planOf(inKubernetes, interrupt).delayMs).toBe(0);
    expect(planOf(resolveShutdown({ delayMs: 900 }), interrupt).delayMs).toBe(0);
    expect(planOf(inKubernetes, { ...interrupt, isFromTerminal: false }).delayMs).toBe(5_000);
  });

  test('leaves all of 8 s to what is under way where nothing else is known, but for the flush and a margin', () => {
    const plan = planOf(resolveShutdown(), sigterm);
    expect(plan).toEqual({ delayMs: 0, drainMs: 6_000, hooksMs: 0, flushMs: 1_600 });
    expect(planOf(resolveShutdown(hook), sigterm)).toMatchObject({ drainMs: 4_480, hooksMs: 1_600 });
  });

  test('gives 2 s where somebody waits for the next start, at a terminal or behind a watcher', () => {
    const watched = resolveShutdown({}, { outside: 'watcher', gracePeriodS: undefined });
    expect(planOf(watched, sigterm)).toMatchObject({ delayMs: 0, drainMs: 2_000 });
    expect(planOf(watched, beside)).toMatchObject({ delayMs: 0, drainMs: 2_000 });
    expect(planOf(resolveShutdown(), interrupt)).toMatchObject({ delayMs: 0, drainMs: 2_000 });
    expect(planOf(inKubernetes, interrupt)).toMatchObject({ delayMs: 0, drainMs: 1_680 });
  });

  test('gives what a handler of the application waits for 15 s', () => {
    expect(planOf(resolveShutdown(), beside)).toMatchObject({ delayMs: 0, drainMs: 15_000 });
    expect(planOf(inKubernetes, beside)).toMatchObject({ delayMs: 5_000, drainMs: 15_000 });
  });

  test('gives what the options say, whatever is outside', () => {
    const options = { drainTimeoutMs: 9_000 };
    for (const outside of ['kubernetes', 'watcher', 'unknown'] as const) {
      const config = resolveShutdown(options, { outside, gracePeriodS: undefined });
      for (const trigger of [sigterm, beside, interrupt, call])
        expect(planOf(config, trigger).drainMs).toBe(9_000);
    }
  });

  test('has no delay for a call, unless it is given', () => {
    expect(planOf(inKubernetes, call).delayMs).toBe(0);
    expect(planOf(resolveShutdown({ delayMs: 900 }), call).delayMs).toBe(900);
  });

  test('gives requests 2 s after a crash, and hooks nothing', () => {
    expect(planOf(inKubernetes, crash)).toEqual({ delayMs: 0, drainMs: 2_000, hooksMs: 0, flushMs: 2_000 });
  });

  test('always fits the budget, with time left before the hard deadline', () => {
    const options = fc.record({
      delayMs: fc.nat(60_000),
      drainTimeoutMs: fc.nat(60_000),
      budgetMs: fc.integer({ min: 1, max: 120_000 }),
      onShutdown: fc.constantFrom([], [() => {}]),
    });
    fc.assert(
      fc.property(options, fc.constantFrom(sigterm, beside, interrupt, call, crash), (given, trigger) => {
        const { delayMs, drainMs, hooksMs, flushMs } = planOf(resolveShutdown(given), trigger);
        expect(Math.min(delayMs, drainMs, hooksMs, flushMs)).toBeGreaterThanOrEqual(0);
        expect(delayMs + drainMs + hooksMs + flushMs).toBeLessThan(given.budgetMs);
      }),
    );
  });
});
