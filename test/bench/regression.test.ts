import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

interface Sample {
  readonly app: string;
  readonly round: number;
  readonly variant: string;
  readonly cpuMicros: number;
}

interface Regression {
  readonly app: string;
  readonly ratio: number;
  readonly slower: number;
  readonly isSlower: boolean;
}

async function regressions(rounds: readonly (readonly [bare: number, base: number, ours: number])[]) {
  const file = join(__dirname, '../../bench/suite/regression.mjs');
  const { regressionsIn } = (await import(pathToFileURL(file).href)) as {
    regressionsIn(results: readonly Sample[], maxRatio: number): Regression[];
  };
  const samples = rounds.flatMap((round, index) =>
    ['bare', 'base', 'ours'].map((variant, at) => ({
      app: 'express',
      round: index,
      variant,
      cpuMicros: round[at] ?? 0,
    })),
  );
  return regressionsIn(samples, 1.15);
}

test.each([
  ['the same', [[100, 120, 120]], 1, false],
  [
    'a tenth more',
    [
      [100, 120, 122],
      [100, 120, 122],
      [100, 120, 122],
    ],
    1.1,
    false,
  ],
  [
    'a half more in each round',
    [
      [100, 120, 130],
      [200, 220, 230],
      [100, 120, 130],
    ],
    1.5,
    true,
  ],
  [
    'more by one spoilt round',
    [
      [100, 120, 300],
      [100, 120, 119],
      [100, 120, 119],
    ],
    0.95,
    false,
  ],
  [
    'more in one round of two',
    [
      [100, 120, 180],
      [100, 120, 118],
    ],
    2.45,
    false,
  ],
] as const)('a change that adds %s', async (_what, rounds, ratio, isSlower) => {
  const [found] = await regressions(rounds);
  expect(found?.ratio).toBeCloseTo(ratio, 5);
  expect(found?.isSlower).toBe(isSlower);
});
