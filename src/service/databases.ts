import type { Clock } from '../core/clock.js';
import type { Faults } from '../core/faults.js';
import type { Log } from '../core/log.js';
import { DatabaseClients, isDatabaseClient } from '../database/clients.js';
import { Database } from '../database/database.js';
import { observeChannels } from '../database/database-router.js';
import { createDatabaseRed, OPERATION_BOUNDS, OPERATION_DURATION } from '../metrics/database-red.js';
import type { PoolOptions } from '../pools/options.js';
import { POOL_BOUNDS, POOL_DURATIONS } from '../pools/pool-metrics.js';
import { Pools } from '../pools/pools.js';
import type { Telemetry } from './telemetry/telemetry.js';

export interface ServiceDatabasesParts {
  readonly pools: PoolOptions;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly log: Log;
  readonly telemetry: Telemetry;
  /** What the service's requests name as theirs. */
  readonly owner: object;
}

/** What a service asks of its databases, and the pools that it does so through. */
export interface ServiceDatabases {
  pool(name: string, pool: object): void;
  /** Ends it: what was handed over is as it was. */
  close(): void;
}

/** Wires what this service does with its databases to its telemetry. */
export function createServiceDatabases(parts: ServiceDatabasesParts): ServiceDatabases {
  const { clock, faults, log, telemetry, owner } = parts;
  const durations = telemetry.durations(OPERATION_DURATION, OPERATION_BOUNDS);
  const database = new Database({
    clock,
    faults,
    tracing: telemetry.callTracing,
    red: durations && createDatabaseRed(durations),
  });
  const clients = new DatabaseClients(database);
  const pools = new Pools({
    clock,
    faults,
    log,
    tracing: telemetry.callTracing,
    durations: {
      wait: telemetry.durations(POOL_DURATIONS.wait, POOL_BOUNDS),
      use: telemetry.durations(POOL_DURATIONS.use, POOL_BOUNDS),
      create: telemetry.durations(POOL_DURATIONS.create, POOL_BOUNDS),
    },
    observeClient(client) {
      try {
        if (telemetry.isOn) clients.observe(client as object);
      } catch (error) {
        faults.caught('database.client', error);
      }
    },
    // Without telemetry nothing is recorded, so nothing is wrapped.
    tryClient: (client) => (telemetry.isOn ? clients.observe(client) : isDatabaseClient(client)),
  });
  telemetry.show(pools.instruments);
  // Before the first operation: the channels show which clients publish their own.
  const leaveChannels = telemetry.isOn ? observeChannels(owner, database, faults) : () => {};
  for (const [name, pool] of Object.entries(parts.pools)) pools.add(name, pool);
  return {
    pool: (name, pool) => pools.add(name, pool),
    close() {
      database.isOpen = false;
      leaveChannels();
      pools.close();
    },
  };
}
