import { describe, expect, expectTypeOf, test } from 'vitest';
import { resolveCheck } from '../../src/health/check-options.js';
import { type HealthOptions, resolveHealth } from '../../src/health/options.js';
import { resolveOverload } from '../../src/health/overload-options.js';
import { resolveWatch } from '../../src/health/watch-options.js';

const run = () => true;

describe('health options', () => {
  test('have defaults', () => {
    const config = resolveHealth();
    expect(config).toMatchObject({ path: '/health', override: false, detail: 'always', criticalGraceMs: 0 });
    expect([...config.probes]).toEqual([
      ['/health', 'health'],
      ['/health/live', 'live'],
      ['/health/ready', 'ready'],
      ['/health/startup', 'startup'],
    ]);
    expect(Object.isFrozen(config)).toBe(true);
  });

  test.each<[HealthOptions, string | undefined, 'never' | 'always']>([
    [{}, undefined, 'always'],
    [{}, 'development', 'always'],
    [{}, 'production', 'never'],
    [{ detail: 'always' }, 'production', 'always'],
    [{ detail: 'never' }, 'development', 'never'],
    [{ authorize: () => true }, 'development', 'never'],
  ])('%o with NODE_ENV %s shows detail: %s', (given, nodeEnv, detail) => {
    expect(resolveHealth(given, nodeEnv).detail).toBe(detail);
  });

  test('can serve the names of Kubernetes too', () => {
    const { probes } = resolveHealth({ aliases: true });
    expect([probes.get('/healthz'), probes.get('/livez'), probes.get('/readyz')]).toEqual([
      'health',
      'live',
      'ready',
    ]);
  });

  test('take another path, without its last slash', () => {
    expect([...resolveHealth({ path: '/internal/status/' }).probes.keys()]).toContain(
      '/internal/status/live',
    );
  });

  test('can have live depend on the main thread', () => {
    expect(resolveHealth().maxStallMs).toBeUndefined();
    expect(resolveHealth({ live: { maxStallMs: 1_000 } }).maxStallMs).toBe(1_000);
    expect(() => resolveHealth({ live: { maxStallMs: 999 } })).toThrow(
      /health\.live\.maxStallMs must be a number from 1000/,
    );
    expect(() => resolveHealth({ live: { maxStall: 1 } as object })).toThrow(/did you mean maxStallMs/);
  });

  test('are copied: what the caller does to his object later changes nothing', () => {
    const checks: Record<string, () => boolean> = { db: run };
    const config = resolveHealth({ checks });
    checks.other = run;
    expect(Object.keys(config.checks)).toEqual(['db']);
  });

  test.each<[unknown, RegExp]>([
    [{ paht: '/x' }, /health\.paht is unknown: did you mean path/],
    [{ path: 'health' }, /health\.path must be a path/],
    [{ path: '/' }, /health\.path/],
    [{ path: '/a//b' }, /health\.path/],
    [{ path: '/a?b' }, /health\.path/],
    [{ aliases: 1 }, /health\.aliases must be true or false/],
    [{ detail: 'maybe' }, /health\.detail must be one of 'never', 'always'/],
    [{ authorize: true }, /health\.authorize must be a function/],
    [{ criticalGraceMs: -1 }, /health\.criticalGraceMs/],
    [{ checks: [] }, /health\.checks must be an object/],
    [{ checks: { db: 1 } }, /health\.checks\.db must be an object/],
    [{ checks: { db: {} } }, /health\.checks\.db\.run must be a function/],
    [
      { checks: { db: { run, intervallMs: 1 } } },
      /health\.checks\.db\.intervallMs is unknown: did you mean intervalMs/,
    ],
    [{ startup: { warm: 1 } }, /health\.startup\.warm must be a function/],
    [{ ready: { overload: true } }, /health\.ready\.overload is unknown/],
  ])('refuse %o', (given, message) => {
    expect(() => resolveHealth(given as HealthOptions)).toThrow(message);
  });

  test('accept a bare function as a check, sync or async', () => {
    expectTypeOf<{
      checks: { a: () => boolean; b: (signal: AbortSignal) => Promise<unknown> };
    }>().toExtend<HealthOptions>();
  });
});

describe('check options', () => {
  test('have defaults', () => {
    expect(resolveCheck('c', run, 7)).toEqual({
      run,
      critical: false,
      intervalMs: 10_000,
      timeoutMs: 2_000,
      failAfter: 1,
      passAfter: 1,
      maxAgeMs: 30_000,
      criticalGraceMs: 7,
      groups: [],
      componentType: 'component',
      affectedEndpoints: [],
    });
  });

  test.each<[object, number]>([
    [{ intervalMs: 60_000 }, 180_000],
    [{ intervalMs: 1_000, timeoutMs: 1_000 }, 3_000],
    [{ intervalMs: 1_000, timeoutMs: 1_001 }, 3_001],
    [{ intervalMs: 0 }, Number.MAX_VALUE],
    [{ maxAgeMs: 5 }, 5],
  ])('%o call a result stale after %d ms', (given, maxAgeMs) => {
    expect(resolveCheck('c', { run, ...given }, 0).maxAgeMs).toBe(maxAgeMs);
  });

  test.each<[object, RegExp]>([
    [{ intervalMs: -1 }, /c\.intervalMs/],
    [{ intervalMs: Number.NaN }, /c\.intervalMs/],
    [{ timeoutMs: 0 }, /c\.timeoutMs/],
    [{ timeoutMs: 2 ** 31 }, /c\.timeoutMs/],
    [{ failAfter: 0 }, /c\.failAfter/],
    [{ passAfter: 1.5 }, /c\.passAfter/],
    [{ maxAgeMs: 0 }, /c\.maxAgeMs/],
    [{ critical: 'yes' }, /c\.critical/],
    [{ groups: 'a' }, /c\.groups must be an array/],
    [{ groups: ['live'] }, /c\.groups\[0\]/],
    [{ groups: ['a', 'b/c'] }, /c\.groups\[1\]/],
    [{ componentType: 'thing' }, /c\.componentType must be one of/],
    [{ affectedEndpoints: [''] }, /c\.affectedEndpoints\[0\]/],
  ])('refuse %o', (given, message) => {
    expect(() => resolveCheck('c', { run, ...given }, 0)).toThrow(message);
  });
});

describe('overload options', () => {
  test('have defaults', () => {
    expect(resolveOverload()).toEqual({
      shed: false,
      maxDelayMs: 200,
      maxUtilization: 0.98,
      calmDelayMs: 100,
      calmUtilization: 0.9,
      sampleMs: 500,
      priority: undefined,
    });
  });

  test('keep the lower limits below the upper ones', () => {
    expect(resolveOverload({ maxDelayMs: 50, maxUtilization: 0.5 })).toMatchObject({
      calmDelayMs: 25,
      calmUtilization: 0.5,
    });
    expect(() => resolveOverload({ calmDelayMs: 201 })).toThrow(/calmDelayMs must be at most maxDelayMs/);
    expect(() => resolveOverload({ calmUtilization: 0.99 })).toThrow(
      /calmUtilization must be at most maxUtilization/,
    );
  });

  test.each([
    { shed: 1 },
    { maxDelayMs: 0 },
    { maxUtilization: 1.1 },
    { sampleMs: 1 },
    { priority: true },
    { max: 1 },
  ])('refuse %o', (given) => {
    expect(() => resolveOverload(given as never)).toThrow(expect.objectContaining({ code: 'ERR_GS_OPTION' }));
  });
});

describe('watch options', () => {
  test('have defaults', () => {
    expect(resolveWatch({ intervalMs: 1_000 })).toEqual({
      intervalMs: 1_000,
      firstWithinMs: 30_000,
      critical: false,
    });
    expect(resolveWatch({ intervalMs: 10_000 }).firstWithinMs).toBe(100_000);
  });

  test.each([
    {},
    { intervalMs: 0 },
    { intervalMs: 1, firstWithinMs: 0 },
    { intervalMs: 1, critical: 1 },
    { intervalMs: 1, x: 1 },
  ])('refuse %o', (given) => {
    expect(() => resolveWatch(given as never)).toThrow(expect.objectContaining({ code: 'ERR_GS_OPTION' }));
  });
});
