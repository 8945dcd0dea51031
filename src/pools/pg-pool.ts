import { resumeIn } from '../context/storage.js';
import { isError } from '../core/is-error.js';
import type { ObservedPool } from './pool-reading.js';
import type { Wait, Waits } from './waits.js';
import { wrapMethod } from './wrap.js';

type Callback = (this: unknown, error: unknown, client: unknown, release: unknown) => void;
type Connect = (this: unknown, callback?: Callback) => unknown;

/** What is used of a `pg.Pool`. */
export interface PgPool {
  readonly options: { readonly max?: unknown; readonly min?: unknown };
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
  readonly ended?: boolean;
  readonly Promise?: PromiseConstructor;
  connect: unknown;
  /** Its own: makes a connection for the caller that stands in this item. */
  newClient?: unknown;
  readonly _pendingQueue?: readonly object[];
  on(event: string, listener: (...args: never[]) => void): unknown;
  off(event: string, listener: (...args: never[]) => void): unknown;
}

export function isPgPool(value: object): value is PgPool {
  const { totalCount, idleCount, waitingCount, options, connect, on } = value as Record<string, unknown>;
  return (
    [totalCount, idleCount, waitingCount].every((count) => typeof count === 'number') &&
    typeof options === 'object' &&
    options !== null &&
    typeof connect === 'function' &&
    typeof on === 'function'
  );
}

/**
 * Observes a `pg.Pool`. Its `connect` is wrapped, which its `query` calls too: a caller continues in its own context, which the pool
 * loses when it passes on a client that another caller released. `observeClient` gets each client before the application.
 *
 * Whether a caller waits or has a connection made is not known when it asks: a pool with an idle connection puts each caller of a
 * burst into its queue, and makes connections for them at the next tick.
 */
export function observePgPool(
  pool: PgPool,
  waits: Waits,
  observeClient: (client: unknown) => void,
): ObservedPool {
  const onAcquire = (client: unknown) => {
    observeClient(client);
    waits.taken(client);
  };
  const onRelease = (_error: unknown, client: unknown) => waits.givenBack(client);
  pool.on('acquire', onAcquire);
  pool.on('release', onRelease);

  const inQueue = new WeakMap<object, Wait>();
  const asked = (wait: Wait, connections: number, waiting: number, idle: number) => {
    if (pool.totalCount > connections) waits.creating(wait);
    else if (pool.waitingCount > waiting) {
      const item = pool._pendingQueue?.at(-1);
      if (item !== undefined) inQueue.set(item, wait);
      // Those that wait already get what is idle first.
      if (idle <= waiting) waits.queued(wait);
    }
  };
  const undoNewClient =
    typeof pool.newClient === 'function'
      ? wrapMethod(pool, 'newClient', (original) => {
          const newClient = original as (this: unknown, item: object) => unknown;
          return function (this: unknown, item: object) {
            const wait = inQueue.get(item);
            if (wait !== undefined) waits.creating(wait);
            return newClient.call(this, item);
          };
        })
      : () => {};
  const unwrap = wrapMethod(pool, 'connect', (original) => {
    const connect = original as Connect;
    const ask = (self: unknown, wait: Wait, callback: Callback) => {
      const { totalCount, waitingCount, idleCount } = pool;
      const result = connect.call(self, callback);
      asked(wait, totalCount, waitingCount, idleCount);
      return result;
    };
    return function (this: unknown, callback?: Callback) {
      const wait = waits.ask();
      if (wait === undefined) return connect.call(this, callback);
      if (callback !== undefined) {
        return ask(this, wait, (error, client, release) => {
          waits.answered(wait, error);
          resumeIn(wait.context, callback, undefined, error, client, release);
        });
      }
      const PromiseOfPool = pool.Promise ?? Promise;
      return new PromiseOfPool((resolve, reject) => {
        ask(this, wait, (error, client) => {
          waits.answered(wait, error);
          if (error) reject(error);
          else resolve(client);
        });
      }).catch((error) => {
        // As the pool itself does: the stack of a timer or a socket does not show the caller.
        if (isError(error)) Error.captureStackTrace(error);
        throw error;
      });
    };
  });

  return {
    read: () => ({
      used: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      pending: pool.waitingCount,
      max: numberOf(pool.options.max),
      idleMin: numberOf(pool.options.min),
    }),
    isEnded: () => pool.ended === true,
    detach() {
      unwrap();
      undoNewClient();
      pool.off('acquire', onAcquire);
      pool.off('release', onRelease);
    },
  };
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
