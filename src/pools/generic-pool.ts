import type { ObservedPool } from './pool-reading.js';
import type { Waits } from './waits.js';
import { wrapMethod } from './wrap.js';

/** What is used of a pool of generic-pool. */
export interface GenericPool {
  readonly borrowed: number;
  readonly available: number;
  readonly pending: number;
  readonly size: number;
  readonly max: number;
  readonly min: number;
  acquire: unknown;
  release: unknown;
  destroy: unknown;
  readonly _draining?: boolean;
}

export function isGenericPool(value: object): value is GenericPool {
  const { borrowed, available, pending, size, max, acquire, release, destroy } = value as Record<
    string,
    unknown
  >;
  return (
    [borrowed, available, pending, size, max].every((count) => typeof count === 'number') &&
    [acquire, release, destroy].every((method) => typeof method === 'function')
  );
}

/** Observes a pool of generic-pool; what it holds is nobody's business here. */
export function observeGenericPool(pool: GenericPool, waits: Waits): ObservedPool {
  const givingBack = (name: 'release' | 'destroy') =>
    wrapMethod(pool, name, (original) => {
      const giveBack = original as (this: unknown, resource: unknown, ...rest: unknown[]) => unknown;
      return function (this: unknown, resource: unknown, ...rest: unknown[]) {
        waits.givenBack(resource);
        return giveBack.call(this, resource, ...rest);
      };
    });
  const ways = [
    wrapMethod(pool, 'acquire', (original) => {
      const acquire = original as (this: unknown, ...args: unknown[]) => PromiseLike<unknown>;
      return function (this: unknown, ...args: unknown[]) {
        const delay = pool.available > pool.pending ? undefined : pool.size < pool.max ? 'create' : 'wait';
        const wait = waits.ask(delay);
        const asked = acquire.apply(this, args);
        if (wait === undefined) return asked;
        // What follows is handed on, so that a rejection stays that of whoever asked.
        return asked.then(
          (resource) => {
            waits.answered(wait, undefined);
            waits.taken(resource);
            return resource;
          },
          (error) => {
            waits.answered(wait, error);
            throw error;
          },
        );
      };
    }),
    givingBack('release'),
    givingBack('destroy'),
  ];
  return {
    read: () => ({
      used: pool.borrowed,
      idle: pool.available,
      pending: pool.pending,
      max: pool.max,
      idleMin: pool.min,
    }),
    isEnded: () => pool._draining === true && pool.size === 0,
    detach() {
      for (const undo of ways) undo();
    },
  };
}
