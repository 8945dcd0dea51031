import { activeContext, resumeIn } from '../context/storage.js';
import { type ClientSeat, defineMethod, takeSeat } from './client-seat.js';
import type { Database } from './database.js';
import type { DatabaseCall } from './database-call.js';
import { ServerTable } from './server-table.js';
import { StatementCache } from './statement.js';

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

/** True for a connection of mysql2, of a pool or by itself. */
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

/** Gives every query of connections of mysql2 a span and a duration where it does not tell of them itself, as before 3.20. */
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
    const seat = takeSeat(core, 'mysql', this.#database);
    if (seat === undefined) return;
    this.#wrap(core, 'query', seat);
    this.#wrap(core, 'execute', seat);
  }

  #wrap(core: CoreConnection, name: 'query' | 'execute', seat: ClientSeat): void {
    const connections = this;
    const ask = core[name];
    defineMethod(core, name, function (this: unknown, ...args: unknown[]) {
      return seat.isOpen && seat.publishes !== true
        ? connections.#ask(core, this, ask, seat, args)
        : ask.apply(this, args);
    });
  }

  #ask(core: CoreConnection, self: unknown, ask: Ask, seat: ClientSeat, args: unknown[]): unknown {
    const { database } = seat;
    const context = activeContext();
    let call = seat.publishes === false ? this.#begin(core, database, args[0]) : undefined;
    const hasCallback = wrapCallback(args, (callback, caller, results) => {
      if (call !== undefined) database.end(call, results[0]);
      // The connection calls back where it was made, or where another one gave it back.
      resumeIn(context, callback, caller, ...results);
    });
    const heard = seat.heard();
    let command: unknown;
    try {
      command = ask.apply(self, args);
    } catch (error) {
      // Whatever mysql2 throws here, it throws at whoever asked wrongly.
      if (call !== undefined) database.end(call, error);
      throw error;
    }
    if (seat.hasTold(heard)) {
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

/** Puts `run` in front of the callback, wherever it stands; false where there is none. */
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

/** Ends an operation that nobody is called back for. A listener for its errors would make them handled. */
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
