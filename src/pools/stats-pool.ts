import type { PoolStats, StatsPool } from './options.js';
import type { ObservedPool } from './pool-reading.js';

export function isStatsPool(value: object): value is StatsPool {
  return typeof (value as { readonly stats?: unknown }).stats === 'function';
}

/** Reads a pool that reports its own use. Its readings are trusted, but only numbers are taken. */
export function observeStatsPool(pool: StatsPool): ObservedPool {
  return {
    read() {
      const { used, idle, pending, max } = pool.stats() as Partial<PoolStats>;
      return { used: used as number, idle: idle as number, pending, max };
    },
    isEnded: () => false,
    detach() {},
  };
}
