import { ServiceRouter } from '../context/service-router.js';
import type { Faults } from '../core/faults.js';
import type { Database } from './database.js';
import { observeMysql } from './mysql-channels.js';
import { observeRedis } from './redis-channels.js';

/** Finds the service for an operation that a library publishes on a diagnostics channel. */
export class DatabaseRouter extends ServiceRouter<Database> {
  /** The operations that the libraries of each system have published. */
  readonly published = { mysql: 0, redis: 0 };
}

const router = new DatabaseRouter();
let leave: (() => void) | undefined;

/** The operations that the libraries of a system have published so far; undefined while no service is subscribed. */
export function publishedOperations(system: 'mysql' | 'redis'): number | undefined {
  return leave === undefined ? undefined : router.published[system];
}

/** Subscribes a service to the channels of all database libraries in the process; the function returned unsubscribes it. */
export function observeChannels(owner: object, database: Database, faults: Faults): () => void {
  router.add(owner, database);
  if (leave === undefined) {
    const ways = [observeMysql(router, faults), observeRedis(router, faults)];
    leave = () => {
      for (const way of ways) way();
    };
  }
  return () => {
    router.remove(owner);
    // Without subscribers the libraries publish nothing, which is cheaper.
    if (router.size > 0) return;
    leave?.();
    leave = undefined;
  };
}
