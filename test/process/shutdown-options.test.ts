import { describe, expect, test } from 'vitest';
import { resolveShutdown, type ShutdownOptions } from '../../src/process/shutdown-options.js';

const inKubernetes = { outside: 'kubernetes', gracePeriodS: undefined } as const;
const elsewhere = { outside: 'unknown', gracePeriodS: undefined } as const;

describe('the options of the shutdown', () => {
  test('have the defaults of the specification', () => {
    expect(resolveShutdown({}, inKubernetes)).toEqual({
      outside: 'kubernetes',
      times: {
        call: { delayMs: 0, drainTimeoutMs: 15_000, budgetMs: 25_000 },
        signal: { delayMs: 5_000, drainTimeoutMs: 15_000, budgetMs: 25_000 },
        terminal: { delayMs: 0, drainTimeoutMs: 2_000, budgetMs: 3_000 },
        beside: { delayMs: 5_000, drainTimeoutMs: 15_000, budgetMs: 25_000 },
      },
      exit: 'auto',
      foreignGraceMs: undefined,
      onDrain: [],
      onShutdown: [],
    });
    expect(resolveShutdown({}, elsewhere)).toMatchObject({
      times: {
        call: { delayMs: 0, drainTimeoutMs: 6_000, budgetMs: 8_000 },
        signal: { delayMs: 0, drainTimeoutMs: 6_000, budgetMs: 8_000 },
        terminal: { delayMs: 0, drainTimeoutMs: 2_000, budgetMs: 3_000 },
        beside: { delayMs: 0, drainTimeoutMs: 15_000, budgetMs: 25_000 },
      },
    });
  });

  test('apply a delay that is given to signals and calls alike', () => {
    for (const delayMs of [0, 3]) {
      const { times } = resolveShutdown({ delayMs }, inKubernetes);
      expect([times.signal.delayMs, times.call.delayMs]).toEqual([delayMs, delayMs]);
    }
  });

  test('make room in the budget for a longer drain, unless it is given', () => {
    expect(resolveShutdown({ drainTimeoutMs: 60_000 }, inKubernetes).times.signal.budgetMs).toBe(70_000);
    expect(resolveShutdown({ drainTimeoutMs: 60_000 }).times.signal.budgetMs).toBe(65_000);
    const given = resolveShutdown({ drainTimeoutMs: 60_000, budgetMs: 9_000 }, inKubernetes);
    expect(given.times.signal.budgetMs).toBe(9_000);
  });

  test('take one hook or several, and keep a copy', () => {
    const hook = () => {};
    const several = [hook, hook];
    const config = resolveShutdown({ onDrain: hook, onShutdown: several });
    several.pop();
    expect(config).toMatchObject({ onDrain: [hook], onShutdown: [hook, hook] });
    expect(Object.isFrozen(config) && Object.isFrozen(config.onShutdown)).toBe(true);
  });

  test.each<[string, unknown, string]>([
    ['delay', { delay: 5 }, 'option shutdown.delay is unknown: did you mean delayMs?'],
    ['delayMs', { delayMs: -1 }, 'option shutdown.delayMs must be a number from 0 to 86400000, got -1'],
    ['drainTimeoutMs', { drainTimeoutMs: Number.NaN }, 'option shutdown.drainTimeoutMs must be'],
    ['budgetMs', { budgetMs: 0 }, 'option shutdown.budgetMs must be'],
    ['exit', { exit: 'no' }, `option shutdown.exit must be 'auto', true or false, got "no"`],
    ['foreignGraceMs', { foreignGraceMs: '5' }, 'option shutdown.foreignGraceMs must be'],
    ['onDrain', { onDrain: {} }, 'option shutdown.onDrain must be a function'],
    ['onShutdown', { onShutdown: [() => {}, 1] }, 'option shutdown.onShutdown[1] must be a function, got 1'],
    ['all', true, 'option shutdown must be an object, got true'],
  ])('say what is wrong with %s', (_name, given, message) => {
    expect(() => resolveShutdown(given as ShutdownOptions)).toThrow(message);
  });
});

describe('a budget that the pod does not have', () => {
  const warnings = (options: ShutdownOptions, isInPod: boolean, gracePeriodS?: number) => {
    const lines: string[] = [];
    const outside = isInPod ? 'kubernetes' : 'unknown';
    resolveShutdown(options, { outside, gracePeriodS }, (line) => lines.push(line));
    return lines;
  };

  test('is warned of once, with both numbers', () => {
    expect(warnings({}, true, 20)).toEqual([
      'a shutdown may take 25 s, and the pod is killed after 20 s: give it less (shutdown.budgetMs) or raise ' +
        'terminationGracePeriodSeconds',
    ]);
    expect(warnings({ drainTimeoutMs: 25_000 }, true)).toHaveLength(1);
  });

  test('is no matter where it fits, or where nobody kills', () => {
    expect(warnings({}, true)).toEqual([]);
    expect(warnings({}, true, 26)).toEqual([]);
    expect(warnings({ budgetMs: 120_000 }, false)).toEqual([]);
  });
});
