import type { Clock } from '../core/clock.js';
import type { Faults } from '../core/faults.js';
import type { Log } from '../core/log.js';
import { GoldenSignalsError } from '../errors.js';
import type { CallTracing } from '../trace/call-tracing.js';
import { AgentMetrics, type ObservedAgent } from './agent-sockets.js';
import { isGenericPool, observeGenericPool } from './generic-pool.js';
import { isHttpAgent, observeHttpAgent } from './http-agent.js';
import { isMysqlPool, observeMysqlPool } from './mysql-pool.js';
import { checkPool, rejectPool } from './options.js';
import { isPgPool, observePgPool } from './pg-pool.js';
import { type PoolDurations, PoolMetrics } from './pool-metrics.js';
import type { ObservedPool } from './pool-reading.js';
import { isStatsPool, observeStatsPool } from './stats-pool.js';
import { isUndiciDispatcher, observeUndici } from './undici-agent.js';
import { Waits } from './waits.js';

export interface PoolsParts {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly log: Log;
  readonly tracing: CallTracing;
  readonly durations: PoolDurations;
  /** Gets each client of a pool before the application. */
  readonly observeClient: (client: unknown) => void;
  /** Takes what is a single client and no pool; false for what it is not. */
  readonly tryClient: (client: object) => boolean;
}

const maxPools = 1_000;

/** The pools of the process that are observed, whichever service it is that does. */
const observed = new WeakSet<object>();

/** The pools of one service, by name. */
export class Pools {
  readonly #parts: PoolsParts;
  readonly #metrics: PoolMetrics;
  readonly #agents: AgentMetrics;
  readonly #observed = new Map<
    string,
    { readonly pool: object; readonly seen: ObservedPool | ObservedAgent }
  >();

  constructor(parts: PoolsParts) {
    const { durations, faults } = parts;
    this.#parts = parts;
    const onFault = (error: unknown) => faults.caught('pools.read', error);
    this.#metrics = new PoolMetrics(durations, onFault);
    this.#agents = new AgentMetrics(onFault);
  }

  get instruments() {
    return [...this.#metrics.instruments, ...this.#agents.instruments];
  }

  /**
   * Begins to observe a pool. One that is observed already keeps its name; another one of the same name takes the place of the first.
   * @throws GoldenSignalsError `ERR_GS_OPTION` for what is no pool, `ERR_GS_MISUSE` past 1,000 pools
   */
  add(name: string, pool: object): void {
    checkPool(name, pool);
    if (observed.has(pool)) return;
    this.#sweep();
    const before = this.#observed.get(name);
    if (before === undefined && this.#observed.size >= maxPools)
      throw new GoldenSignalsError('ERR_GS_MISUSE', `there are ${maxPools} pools already`);
    const seen = this.#observe(name, pool);
    if (seen === undefined) return;
    observed.add(pool);
    if (before !== undefined) {
      this.#parts.log.warnOnce(
        `pool ${name}`,
        `there is another pool of the name ${name} now: the first one is not observed any more`,
      );
      this.#release(name);
    }
    this.#observed.set(name, { pool, seen });
    if ('read' in seen) this.#metrics.watch(name, seen);
    else this.#agents.watch(name, seen);
  }

  /** Gives all pools back as they were. */
  close(): void {
    for (const name of [...this.#observed.keys()]) this.#release(name);
  }

  #observe(name: string, pool: object): ObservedPool | ObservedAgent | undefined {
    const { clock, faults, tracing, observeClient, tryClient } = this.#parts;
    const waits = () => new Waits({ clock, faults, tracing, name, times: this.#metrics.timesOf(name) });
    if (isPgPool(pool)) return observePgPool(pool, waits(), observeClient);
    if (isMysqlPool(pool)) return observeMysqlPool(pool, waits(), observeClient);
    if (isGenericPool(pool)) return observeGenericPool(pool, waits());
    if (isHttpAgent(pool)) return observeHttpAgent(pool);
    if (isUndiciDispatcher(pool)) return observeUndici(pool);
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
    this.#agents.forget(name);
    if (pool !== undefined) observed.delete(pool);
    try {
      if (seen !== undefined && 'detach' in seen) seen.detach();
    } catch (error) {
      this.#parts.faults.caught('pools.detach', error);
    }
  }
}
