import { activeContext, resumeIn } from '../context/storage.js';
import type { ObservedPool } from './pool-reading.js';
import type { Wait, Waits } from './waits.js';
import { wrapMethod } from './wrap.js';

type Callback = (this: unknown, error: unknown, connection: unknown) => void;

interface Counted {
  readonly length: number;
}

interface CallbackQueue extends Counted {
  get?(index: number): object | undefined;
}

/** What is used of a pool of mysql2, inside of the one that promises. */
interface CorePool {
  readonly config: { readonly connectionLimit?: unknown; readonly maxIdle?: unknown };
  readonly _allConnections: Counted;
  readonly _freeConnections: Counted;
  readonly _connectionQueue: CallbackQueue;
  readonly _closed?: boolean;
  getConnection: unknown;
  releaseConnection: unknown;
}

/** Either of the two kinds of pool that mysql2 has; they can be the same underneath. */
export type MysqlPool = CorePool | { readonly pool: CorePool };

export function isMysqlPool(value: object): value is MysqlPool {
  const core = coreOf(value as MysqlPool);
  if (typeof core !== 'object' || core === null) return false;
  const { getConnection, releaseConnection, _allConnections, _freeConnections, _connectionQueue } = core;
  return (
    [getConnection, releaseConnection].every((method) => typeof method === 'function') &&
    [_allConnections, _freeConnections, _connectionQueue].every((list) => typeof list?.length === 'number')
  );
}

function coreOf(pool: MysqlPool): CorePool {
  return 'getConnection' in pool && '_allConnections' in pool ? pool : (pool as { pool: CorePool }).pool;
}

/**
 * Observes a pool of mysql2. `observeClient` gets each connection before the application: older versions publish no queries on a
 * channel.
 */
export function observeMysqlPool(
  pool: MysqlPool,
  waits: Waits,
  observeClient: (client: unknown) => void,
): ObservedPool {
  const core = coreOf(pool);
  const limit = () => {
    const { connectionLimit } = core.config;
    // 0 means no limit.
    return typeof connectionLimit === 'number' && connectionLimit > 0 ? connectionLimit : undefined;
  };
  const inQueue = new WeakMap<object, Wait>();
  const asked = (wait: Wait, connections: number, waiting: number) => {
    if (core._allConnections.length > connections) waits.creating(wait);
    else if (core._connectionQueue.length > waiting) {
      const callback = core._connectionQueue.get?.(core._connectionQueue.length - 1);
      if (callback !== undefined) inQueue.set(callback, wait);
      waits.queued(wait);
    }
  };
  const ways = [
    wrapMethod(core, 'getConnection', (original) => {
      const getConnection = original as (this: unknown, callback: Callback) => unknown;
      return function (this: unknown, callback: Callback) {
        const connections = core._allConnections.length;
        const waiting = core._connectionQueue.length;
        // For a caller that has waited for a connection which broke, the pool asks itself.
        const again = inQueue.get(callback);
        if (again !== undefined) {
          const result = getConnection.call(this, callback);
          asked(again, connections, waiting);
          return result;
        }
        const wait = waits.ask();
        const context = activeContext();
        const result = getConnection.call(this, (error, connection) => {
          if (wait !== undefined) waits.answered(wait, error);
          if (!error) {
            observeClient(connection);
            if (wait !== undefined) waits.taken(connection);
          }
          resumeIn(context, callback, undefined, error, connection);
        });
        if (wait !== undefined) asked(wait, connections, waiting);
        return result;
      };
    }),
    wrapMethod(core, 'releaseConnection', (original) => {
      const release = original as (this: unknown, connection: unknown) => unknown;
      return function (this: unknown, connection: unknown) {
        waits.givenBack(connection);
        return release.call(this, connection);
      };
    }),
  ];
  return {
    read: () => ({
      used: core._allConnections.length - core._freeConnections.length,
      idle: core._freeConnections.length,
      pending: core._connectionQueue.length,
      max: limit(),
      idleMax: typeof core.config.maxIdle === 'number' ? core.config.maxIdle : undefined,
    }),
    isEnded: () => core._closed === true,
    detach() {
      for (const undo of ways) undo();
    },
  };
}
