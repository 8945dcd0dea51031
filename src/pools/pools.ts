import type { Clock } from '../core/clock.js';
import type { Faults } from '../core/faults.js';
import type { Log } from '../core/log.js';
import { GoldenSignalsError } from '../errors.js';
import type { CallTracing } from '../trace/call-tracing.js';
import { isGenericPool, observeGenericPool } from './generic-pool.js';
import { isMysqlPool, observeMysqlPool } from './mysql-pool.js';
import { checkPool, rejectPool } from './options.js';
import { isPgPool, observePgPool } from './pg-pool.js';
import { type PoolDurations, PoolMetrics } from './pool-metrics.js';
import type { ObservedPool } from './pool-reading.js';
import { isStatsPool, observeStatsPool } from './stats-pool.js';
import { Waits } from './waits.js';

export interface PoolsParts {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly log: Log;
  readonly tracing: CallTracing;
  readonly durations: PoolDurations;
  /** Sees a client of a pool before anybody has it. */
  readonly observeClient: (client: unknown) => void;
  /** Takes what is a single client and no pool; false for what it is not. */
  readonly tryClient: (client: object) => boolean;
}

const maxPools = 1_000;

/** Under this key a pool says by which name it is observed, also by another installed copy of this package. */
const nameKey = Symbol.for('golden-signals.pool');

/** The pools of one service, by name. */
export class Pools {
  readonly #parts: PoolsParts;
  readonly #metrics: PoolMetrics;
  readonly #observed = new Map<string, { readonly pool: object; readonly seen: ObservedPool }>();

  constructor(parts: PoolsParts) {
    const { durations, faults } = parts;
    this.#parts = parts;
    this.#metrics = new PoolMetrics(durations, (error) => faults.caught('pools.read', error));
  }

  get instruments() {
    return this.#metrics.instruments;
  }

  /**
   * Begins to observe a pool. One that is observed already keeps its name; another one of the same name takes the place of the first.
   * @throws GoldenSignalsError `ERR_GS_OPTION` for what is no pool, `ERR_GS_MISUSE` past 1,000 pools
   */
  add(name: string, pool: object): void {
    checkPool(name, pool);
    if (nameKey in pool) return;
    this.#sweep();
    const before = this.#observed.get(name);
    if (before === undefined && this.#observed.size >= maxPools)
      throw new GoldenSignalsError('ERR_GS_MISUSE', `there are ${maxPools} pools already`);
    const seen = this.#observe(name, pool);
    if (seen === undefined) return;
    Object.defineProperty(pool, nameKey, { value: name, configurable: true });
    if (before !== undefined) {
      this.#parts.log.warnOnce(
        `pool ${name}`,
        `there is another pool of the name ${name} now: the first one is not observed any more`,
      );
      this.#release(name);
    }
    this.#observed.set(name, { pool, seen });
    this.#metrics.watch(name, seen);
  }

  /** Gives all pools back as they were. */
  close(): void {
    for (const name of [...this.#observed.keys()]) this.#release(name);
  }

  #observe(name: string, pool: object): ObservedPool | undefined {
    const { clock, faults, tracing, observeClient, tryClient } = this.#parts;
    const waits = () => new Waits({ clock, faults, tracing, name, times: this.#metrics.timesOf(name) });
    if (isPgPool(pool)) return observePgPool(pool, waits(), observeClient);
    if (isMysqlPool(pool)) return observeMysqlPool(pool, waits());
    if (isGenericPool(pool)) return observeGenericPool(pool, waits());
    if (isStatsPool(pool)) return observeStatsPool(pool);
    if (tryClient(pool)) return undefined;
    return rejectPool(name, pool);
  }

  /** Lets those go that have been ended. */
  #sweep(): void {
    for (const [name, { seen }] of this.#observed) {
      if (seen.isEnded()) this.#release(name);
    }
  }

  #release(name: string): void {
    const { pool, seen } = this.#observed.get(name) ?? {};
    this.#observed.delete(name);
    this.#metrics.forget(name);
    if (pool !== undefined) delete (pool as { [nameKey]?: string })[nameKey];
    try {
      seen?.detach();
    } catch (error) {
      this.#parts.faults.caught('pools.detach', error);
    }
  }
}
