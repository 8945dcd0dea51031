import { resumeIn } from '../context/storage.js';
import { isError } from '../core/is-error.js';
import type { DatabaseServer } from '../metrics/database-red.js';
import type { Database } from './database.js';
import type { DatabaseCall } from './database-call.js';
import { observeSubmittable, type Submittable } from './pg-submittable.js';
import { ServerTable } from './server-table.js';
import { StatementCache } from './statement.js';

type Callback = (this: unknown, error: unknown, result: unknown) => void;
type Query = (this: unknown, ...args: unknown[]) => unknown;

/** What is used of a `pg.Client`, also of the native one and those of other versions. */
export interface PgClient {
  query: Query;
  readonly host?: unknown;
  readonly port?: unknown;
  readonly database?: unknown;
  readonly _Promise?: PromiseConstructor;
}

/** True for what queries as a `pg.Client` does. */
export function isPgClient(value: object): value is PgClient {
  const { query, connect, end, connectionParameters } = value as Record<string, unknown>;
  return (
    [query, connect, end].every((method) => typeof method === 'function') &&
    typeof connectionParameters === 'object' &&
    connectionParameters !== null
  );
}

/** An observed client has its observer under this key; all installed copies of this package share the key. */
const seenKey = Symbol.for('golden-signals.pg-client');

/** Gives every query of PostgreSQL clients a span and a duration, whichever of the forms of `pg` it is written in. */
export class PgClients {
  readonly #database: Database;
  readonly #statements = new StatementCache('postgresql');
  readonly #servers = new ServerTable('postgresql');

  constructor(database: Database) {
    this.#database = database;
  }

  /** Wraps `query` of this one client; what is wrapped already stays as it is. */
  observe(client: PgClient): void {
    // The one of a service that has ended only passes queries on.
    if ((client as { readonly [seenKey]?: { readonly isOpen: boolean } })[seenKey]?.isOpen === true) return;
    const clients = this;
    const { query } = client;
    const server = this.#servers.find(client.host, client.port, client.database);
    Object.defineProperty(client, seenKey, { value: this.#database, configurable: true });
    Object.defineProperty(client, 'query', {
      configurable: true,
      writable: true,
      enumerable: false,
      value(this: PgClient, ...args: unknown[]) {
        const statement = args[0];
        const call =
          statement === undefined || statement === null ? undefined : clients.#begin(server, statement);
        return call === undefined ? query.apply(this, args) : clients.#ask(this, query, call, args);
      },
    });
  }

  #begin(server: DatabaseServer, statement: unknown): DatabaseCall | undefined {
    const text = typeof statement === 'string' ? statement : (statement as { readonly text?: unknown }).text;
    return this.#database.begin(server, this.#statements.of(text));
  }

  #ask(client: PgClient, query: Query, call: DatabaseCall, args: unknown[]): unknown {
    const database = this.#database;
    const [statement, second, third] = args;
    try {
      if (typeof (statement as Submittable).submit === 'function') {
        observeSubmittable(statement as Submittable, (error) => database.end(call, error));
        return query.apply(client, args);
      }
      const { callback } = statement as { readonly callback?: unknown };
      if (typeof callback === 'function' && second === undefined && third === undefined) {
        // A copy: what the caller handed over may be used again.
        args[0] = { ...(statement as object), callback: this.#ending(call, callback as Callback) };
        return query.apply(client, args);
      }
      const at = typeof third === 'function' ? 2 : typeof second === 'function' ? 1 : -1;
      if (at > 0) {
        args[at] = this.#ending(call, args[at] as Callback);
        return query.apply(client, args);
      }
      return typeof statement === 'string'
        ? this.#promised(client, query, call, statement, second)
        : this.#settling(call, query.apply(client, args));
    } catch (error) {
      // pg throws on wrong arguments.
      database.end(call, error);
      throw error;
    }
  }

  /** Wraps the callback: first the span ends, then the callback runs in the context of its caller. */
  #ending(call: DatabaseCall, callback: Callback): Callback {
    const database = this.#database;
    return function (error, result) {
      database.end(call, error);
      resumeIn(call.context, callback, this, error, result);
    };
  }

  /** Through the callback that pg itself would make its promise with: no second promise, and a rejection stays the caller's. */
  #promised(
    client: PgClient,
    query: Query,
    call: DatabaseCall,
    text: string,
    values: unknown,
  ): Promise<unknown> {
    const database = this.#database;
    const PromiseOfPg = client._Promise ?? Promise;
    return new PromiseOfPg((resolve, reject) => {
      query.call(client, text, values, (error: unknown, result: unknown) => {
        database.end(call, error);
        if (error) reject(error);
        else resolve(result);
      });
    }).catch(withCallersStack);
  }

  /** A configuration object is the caller's, and older versions of pg would write a callback into it. */
  #settling(call: DatabaseCall, result: unknown): unknown {
    const database = this.#database;
    return (result as Promise<unknown>).then(
      (value) => {
        database.end(call, undefined);
        return value;
      },
      (error) => {
        database.end(call, error);
        throw error;
      },
    );
  }
}

// As pg does: the stack of a network event does not show the caller.
function withCallersStack(error: unknown): never {
  if (isError(error)) Error.captureStackTrace(error);
  throw error;
}
