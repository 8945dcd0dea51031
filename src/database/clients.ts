import type { Database } from './database.js';
import { IoredisClients, isIoredisClient } from './ioredis-client.js';
import { isMysqlConnection, MysqlConnections } from './mysql-connection.js';
import { isNodeRedisClient, NodeRedisClients } from './node-redis-client.js';
import { isPgClient, PgClients } from './pg-client.js';

/** True for a single client of a database that can be handed over. */
export function isDatabaseClient(value: object): boolean {
  return [isPgClient, isMysqlConnection, isIoredisClient, isNodeRedisClient].some((isKind) => isKind(value));
}

/** Sees what clients are asked that were handed over, or that a pool lends. */
export class DatabaseClients {
  readonly #pg: PgClients;
  readonly #mysql: MysqlConnections;
  readonly #ioredis: IoredisClients;
  readonly #nodeRedis: NodeRedisClients;

  constructor(database: Database) {
    this.#pg = new PgClients(database);
    this.#mysql = new MysqlConnections(database);
    this.#ioredis = new IoredisClients(database);
    this.#nodeRedis = new NodeRedisClients(database);
  }

  /** False for what is no client. */
  observe(client: object): boolean {
    if (isPgClient(client)) this.#pg.observe(client);
    else if (isMysqlConnection(client)) this.#mysql.observe(client);
    else if (isIoredisClient(client)) this.#ioredis.observe(client);
    else if (isNodeRedisClient(client)) this.#nodeRedis.observe(client);
    else return false;
    return true;
  }
}
