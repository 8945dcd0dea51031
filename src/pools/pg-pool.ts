import { resumeIn } from '../context/storage.js';
import { isError } from '../core/is-error.js';
import type { ObservedPool } from './pool-reading.js';
import type { Delay, Waits } from './waits.js';
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
 * Observes a `pg.Pool`. Its `connect` is wrapped, which its `query` calls too: whoever asked goes on in his own context, which the
 * pool loses when it hands him what another one gave back. `observeClient` sees each client before anybody else has it.
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

  const unwrap = wrapMethod(pool, 'connect', (original) => {
    const connect = original as Connect;
    return function (this: unknown, callback?: Callback) {
      const wait = waits.ask(delayOf(pool));
      if (wait === undefined) return connect.call(this, callback);
      if (callback !== undefined) {
        return connect.call(this, (error, client, release) => {
          waits.answered(wait, error);
          resumeIn(wait.context, callback, undefined, error, client, release);
        });
      }
      const PromiseOfPool = pool.Promise ?? Promise;
      return new PromiseOfPool((resolve, reject) => {
        connect.call(this, (error, client) => {
          waits.answered(wait, error);
          if (error) reject(error);
          else resolve(client);
        });
      }).catch((error) => {
        // As the pool itself does: the stack of a timer or a socket says nothing of who asked.
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
      pool.off('acquire', onAcquire);
      pool.off('release', onRelease);
    },
  };
}

// Those that wait already get what is idle first.
function delayOf(pool: PgPool): Delay {
  if (pool.idleCount > pool.waitingCount) return undefined;
  const max = numberOf(pool.options.max);
  return max === undefined || pool.totalCount < max ? 'create' : 'wait';
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
