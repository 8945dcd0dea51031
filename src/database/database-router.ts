import { ServiceRouter } from '../context/service-router.js';
import type { Faults } from '../core/faults.js';
import type { Database } from './database.js';
import { observeMysql } from './mysql-channels.js';
import { observeRedis } from './redis-channels.js';

/** Which service it belongs to when a library tells of an operation by a channel of its own. */
export class DatabaseRouter extends ServiceRouter<Database> {
  /** How many operations the libraries of each system have told of. */
  readonly heard = { mysql: 0, redis: 0 };
}

const router = new DatabaseRouter();
let leave: (() => void) | undefined;

/** How many operations the libraries of a system have told of so far; undefined while nobody listens to them. */
export function heardOperations(system: 'mysql' | 'redis'): number | undefined {
  return leave === undefined ? undefined : router.heard[system];
}

/** Lets a service have what the libraries of the process tell of; returns the way out. */
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
    // With nobody left the libraries need not tell of anything.
    if (router.size > 0) return;
    leave?.();
    leave = undefined;
  };
}
