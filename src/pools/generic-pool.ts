import type { ObservedPool } from './pool-reading.js';
import type { Wait, Waits } from './waits.js';
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
  on?(event: string, listener: () => void): unknown;
  off?(event: string, listener: () => void): unknown;
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

/** Observes a pool of generic-pool, whatever it holds. */
export function observeGenericPool(pool: GenericPool, waits: Waits): ObservedPool {
  const givingBack = (name: 'release' | 'destroy') =>
    wrapMethod(pool, name, (original) => {
      const giveBack = original as (this: unknown, resource: unknown, ...rest: unknown[]) => unknown;
      return function (this: unknown, resource: unknown, ...rest: unknown[]) {
        waits.givenBack(resource);
        return giveBack.call(this, resource, ...rest);
      };
    });
  const isSeen = new WeakSet<object>();
  // The pool makes a resource for a caller and gives it to the one that has waited longest.
  const creators: Wait[] = [];
  const onCreateError = () => {
    const creator = creators.shift();
    // It tries again for as long as the caller waits.
    if (creator === undefined || creator.isAnswered) return;
    waits.creating(creator);
    creators.push(creator);
  };
  pool.on?.('factoryCreateError', onCreateError);
  const given = (wait: Wait, resource: unknown) => {
    if (typeof resource === 'object' && resource !== null) {
      const isNew = !isSeen.has(resource);
      isSeen.add(resource);
      if (!isNew && wait.delay === 'create') waits.queued(wait);
      const creator = isNew ? creators.shift() : undefined;
      if (creator !== undefined && wait.delay !== undefined) waits.creating(wait, creator.createMs);
    }
    waits.answered(wait, undefined);
    waits.taken(resource);
  };
  const ways = [
    wrapMethod(pool, 'acquire', (original) => {
      const acquire = original as (this: unknown, ...args: unknown[]) => PromiseLike<unknown>;
      return function (this: unknown, ...args: unknown[]) {
        const { size, pending, available } = pool;
        const wait = waits.ask();
        const asked = acquire.apply(this, args);
        if (wait === undefined) return asked;
        if (pool.size > size) {
          waits.creating(wait);
          creators.push(wait);
          // One that was destroyed before anyone had it is never given.
          if (creators.length > pool.max) creators.shift();
        } else if (pool.pending > pending && available <= pending) waits.queued(wait);
        // The caller gets the derived promise, so that an unhandled rejection stays unhandled.
        return asked.then(
          (resource) => {
            given(wait, resource);
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
      pool.off?.('factoryCreateError', onCreateError);
      for (const undo of ways) undo();
    },
  };
}
