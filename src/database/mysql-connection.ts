import { activeContext, resumeIn } from '../context/storage.js';
import type { Database } from './database.js';
import type { DatabaseCall } from './database-call.js';
import { ServerTable } from './server-table.js';
import { StatementCache } from './statement.js';
import { defineMethod, type WrappedClient, wrapClient } from './wrapped-client.js';

type Callback = (this: unknown, ...results: unknown[]) => void;
type Ask = (this: unknown, ...args: unknown[]) => unknown;

/** What is used of a connection of mysql2, inside of the one that promises. */
interface CoreConnection {
  readonly config: {
    readonly host?: unknown;
    readonly port?: unknown;
    readonly database?: unknown;
    readonly socketPath?: unknown;
  };
  query: Ask;
  execute: Ask;
}

/** Either of the two kinds of connection that mysql2 has. */
export type MysqlConnection = CoreConnection | { readonly connection: CoreConnection };

/** What mysql2 makes of a query: what was made before is handed on as it is. */
interface QueryCommand {
  onResult?: unknown;
  emit: (this: unknown, event: unknown, ...args: unknown[]) => boolean;
}

/** True for a connection of mysql2, pooled or single. */
export function isMysqlConnection(value: object): value is MysqlConnection {
  const core = coreOf(value as MysqlConnection) as unknown;
  if (typeof core !== 'object' || core === null) return false;
  const { query, execute, format, addCommand, config } = core as Record<string, unknown>;
  return (
    [query, execute, format, addCommand].every((method) => typeof method === 'function') &&
    typeof config === 'object' &&
    config !== null
  );
}

function coreOf(connection: MysqlConnection): CoreConnection {
  return 'connection' in connection ? connection.connection : connection;
}

/** Records a span and a duration for each query of mysql2 before 3.20, which publishes none on a channel. */
export class MysqlConnections {
  readonly #database: Database;
  readonly #servers = new ServerTable('mysql');
  readonly #statements = new StatementCache('mysql');

  constructor(database: Database) {
    this.#database = database;
  }

  /** Wraps `query` and `execute` of this one connection; what is wrapped already stays as it is. */
  observe(connection: MysqlConnection): void {
    const core = coreOf(connection);
    const wrapped = wrapClient(core, 'mysql', this.#database);
    if (wrapped === undefined) return;
    this.#wrap(core, 'query', wrapped);
    this.#wrap(core, 'execute', wrapped);
  }

  #wrap(core: CoreConnection, name: 'query' | 'execute', wrapped: WrappedClient): void {
    const connections = this;
    const ask = core[name];
    defineMethod(core, name, function (this: unknown, ...args: unknown[]) {
      return wrapped.isOpen && wrapped.publishes !== true
        ? connections.#ask(core, this, ask, wrapped, args)
        : ask.apply(this, args);
    });
  }

  #ask(core: CoreConnection, self: unknown, ask: Ask, wrapped: WrappedClient, args: unknown[]): unknown {
    const { database } = wrapped;
    const context = activeContext();
    let call = wrapped.publishes === false ? this.#begin(core, database, args[0]) : undefined;
    const hasCallback = wrapCallback(args, (callback, caller, results) => {
      if (call !== undefined) database.end(call, results[0]);
      // mysql2 calls back in the context where the connection was made or last released.
      resumeIn(context, callback, caller, ...results);
    });
    const countBefore = wrapped.publishedCount();
    let command: unknown;
    try {
      command = ask.apply(self, args);
    } catch (error) {
      // mysql2 throws on wrong arguments.
      if (call !== undefined) database.end(call, error);
      throw error;
    }
    if (wrapped.hasPublished(countBefore)) {
      if (call !== undefined) database.abandon(call);
      return command;
    }
    call ??= this.#begin(core, database, args[0]);
    if (call !== undefined && !hasCallback) endByEvents(command, database, call);
    return command;
  }

  #begin({ config }: CoreConnection, database: Database, asked: unknown): DatabaseCall | undefined {
    try {
      const { socketPath, host, port } = config;
      const sql = typeof asked === 'string' ? asked : (asked as { readonly sql?: unknown } | undefined)?.sql;
      const server = socketPath
        ? this.#servers.find(socketPath, undefined, config.database)
        : this.#servers.find(host || 'localhost', port || 3_306, config.database);
      return database.begin(server, this.#statements.of(sql));
    } catch (error) {
      database.faults.caught('database.mysql', error);
      return undefined;
    }
  }
}

/** Puts `run` in front of the callback, wherever it is; false without a callback. */
function wrapCallback(
  args: unknown[],
  run: (callback: Callback, self: unknown, results: unknown[]) => void,
): boolean {
  const wrapped = (callback: unknown) =>
    function (this: unknown, ...results: unknown[]) {
      run(callback as Callback, this, results);
    };
  for (const at of [1, 2]) {
    if (typeof args[at] !== 'function') continue;
    args[at] = wrapped(args[at]);
    return true;
  }
  const query = args[0] as Partial<QueryCommand> | undefined;
  if (typeof query?.emit !== 'function' || typeof query.onResult !== 'function') return false;
  query.onResult = wrapped(query.onResult);
  return true;
}

/** Ends an operation without a callback. It wraps `emit`: a listener for 'error' would make errors handled. */
function endByEvents(command: unknown, database: Database, call: DatabaseCall): void {
  const { emit } = (command ?? {}) as Partial<QueryCommand>;
  if (typeof emit !== 'function') {
    // A connection that is closed gives nothing back.
    database.end(call, new Error('closed'));
    return;
  }
  defineMethod(command as object, 'emit', function (this: unknown, event: unknown, ...args: unknown[]) {
    if (event === 'error') database.end(call, args[0] ?? new Error('unknown'));
    if (event === 'end') database.end(call, undefined);
    return emit.call(this, event, ...args);
  });
}
