import { record, reject } from '../core/check.js';
import { isGenericPool } from './generic-pool.js';
import { isHttpAgent } from './http-agent.js';
import { isMysqlPool } from './mysql-pool.js';
import { isPgPool } from './pg-pool.js';
import { isStatsPool } from './stats-pool.js';
import { isUndiciDispatcher } from './undici-agent.js';

/** A pool that reports its own use, for kinds of pools that this library does not know. */
export interface StatsPool {
  /** Asked at each collection of metrics; it should take no time. `max` is what `used` can rise to. */
  stats(): PoolStats;
}

/** The readings of a {@link StatsPool}, in connections or whatever it holds. */
export interface PoolStats {
  readonly used: number;
  readonly idle: number;
  /** Who waits for one now. */
  readonly pending?: number;
  /** @default unknown: without it no saturation is known, and no rule about it fires */
  readonly max?: number;
}

/**
 * What `pools` and `signals.pool()` take: a `pg.Pool`, a `mysql2` pool, a pool of `generic-pool`, an `http.Agent`, an `Agent` or
 * `Pool` of undici, or a {@link StatsPool}; and single clients, whose operations are then seen: a `pg.Client`, a `mysql2` connection, a
 * client of `ioredis` or node-redis.
 */
export type Pool = object;

/** By name: the value of `db.client.connection.pool.name`. */
export type PoolOptions = Readonly<Record<string, Pool>>;

const maxNameLength = 100;

/** `isClient` knows the single clients that are taken as well. */
export function resolvePools(
  given: PoolOptions | undefined,
  isClient: (value: object) => boolean,
): PoolOptions {
  if (given === undefined) return Object.freeze({});
  record('pools', given, typeof given === 'object' && given !== null ? Object.keys(given) : []);
  for (const [name, pool] of Object.entries(given)) {
    checkPool(name, pool);
    // Here, and not when it is observed: by then half of the service would be built.
    if (!isPool(pool) && !isClient(pool)) rejectPool(name, pool);
  }
  return Object.freeze({ ...given });
}

function isPool(value: object): boolean {
  return [isPgPool, isMysqlPool, isGenericPool, isHttpAgent, isUndiciDispatcher, isStatsPool].some((isKind) =>
    isKind(value),
  );
}

/** Whether it is a pool that is known is seen when it is observed. */
export function checkPool(name: unknown, pool: unknown): void {
  if (typeof name !== 'string' || name === '' || name.length > maxNameLength)
    reject('pools', `named by 1 to ${maxNameLength} characters`, name);
  if (typeof pool !== 'object' || pool === null) rejectPool(name, pool);
}

/** @throws GoldenSignalsError `ERR_GS_OPTION` with what is accepted */
export function rejectPool(name: string, pool: unknown): never {
  reject(
    `pools.${name}`,
    'a pg.Pool or pg.Client, a mysql2 pool or connection, a client of ioredis or node-redis, a generic-pool, an http.Agent, an undici Agent or Pool, or { stats() }',
    pool,
  );
}
