import { median } from '../median.mjs';

/**
 * Compares what `ours` adds to bare with what `base` added, by the CPU time of each request in the same rounds.
 * It has become slower where the median of what it adds is more than `maxRatio` times as much, and where it was slower than base in all
 * rounds but at most a quarter of them: one round that the machine spoilt is no regression.
 */
export function regressionsIn(results, maxRatio) {
  const apps = [...new Set(results.map(({ app }) => app))];
  return apps.map((app) => {
    const rounds = new Map();
    for (const { app: of, round, variant, cpuMicros } of results) {
      if (of !== app) continue;
      rounds.set(round, { ...rounds.get(round), [variant]: cpuMicros });
    }
    const all = [...rounds.values()];
    const added = (variant) => median(all.map((round) => round[variant] - round.bare));
    const slower = all.filter(({ ours, base }) => ours > base).length;
    const ratio = added('ours') / added('base');
    const isSlower = ratio > maxRatio && slower >= Math.ceil(all.length * 0.75);
    return { app, ratio, slower, rounds: all.length, isSlower };
  });
}
