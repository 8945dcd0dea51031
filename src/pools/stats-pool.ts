import type { PoolStats, StatsPool } from './options.js';
import type { ObservedPool } from './pool-reading.js';

export function isStatsPool(value: object): value is StatsPool {
  return typeof (value as { readonly stats?: unknown }).stats === 'function';
}

/** Asks a pool that says itself how it is. What it says is taken at its word, but only numbers are. */
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
