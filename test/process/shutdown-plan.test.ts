import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resolveShutdown } from '../../src/process/shutdown-options.js';
import { planOf } from '../../src/process/shutdown-plan.js';
import { call, crash, sigterm } from './support/service.js';

const inKubernetes = resolveShutdown({}, { isKubernetes: true, gracePeriodS: undefined });

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
    const interrupt = { kind: 'signal', signal: 'SIGINT', isFromTerminal: true } as const;
    expect(planOf(inKubernetes, interrupt).delayMs).toBe(0);
    expect(planOf(resolveShutdown({ delayMs: 900 }), interrupt).delayMs).toBe(0);
    expect(planOf(inKubernetes, { ...interrupt, isFromTerminal: false }).delayMs).toBe(5_000);
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
    });
    fc.assert(
      fc.property(options, fc.constantFrom(sigterm, call, crash), (given, trigger) => {
        const { delayMs, drainMs, hooksMs, flushMs } = planOf(resolveShutdown(given), trigger);
        expect(Math.min(delayMs, drainMs, hooksMs, flushMs)).toBeGreaterThanOrEqual(0);
        expect(delayMs + drainMs + hooksMs + flushMs).toBeLessThan(given.budgetMs);
      }),
    );
  });
});
