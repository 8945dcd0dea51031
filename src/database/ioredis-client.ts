import type { DatabaseServer } from '../metrics/database-red.js';
import type { Database } from './database.js';
import type { DatabaseCall } from './database-call.js';
import { batchStatement, RedisStatements } from './redis-statement.js';
import { ServerTable } from './server-table.js';
import type { Statement } from './statement.js';
import { defineMethod, type WrappedClient, wrapClient } from './wrapped-client.js';

type Method = (this: unknown, ...args: unknown[]) => unknown;

interface Command {
  readonly name: string;
  readonly args: readonly unknown[];
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
  /** What was begun for it; undefined for one that is part of something else. */
  [callKey]?: DatabaseCall | undefined;
}

interface Pipeline {
  readonly length: number;
  exec: Method;
}

/** What is used of a client of ioredis, also of one for a cluster. */
export interface IoredisClient {
  readonly options: {
    readonly path?: unknown;
    readonly host?: unknown;
    readonly port?: unknown;
    readonly db?: unknown;
  };
  readonly isCluster?: boolean;
  readonly condition?: { readonly select?: unknown } | null;
  sendCommand: Method;
  multi: Method;
}

const callKey = Symbol('golden-signals.database-call');

/** True for a client of ioredis, for one server or a cluster. */
export function isIoredisClient(value: object): value is IoredisClient {
  const { sendCommand, pipeline, multi, disconnect, status, options } = value as Record<string, unknown>;
  return (
    [sendCommand, pipeline, multi, disconnect].every((method) => typeof method === 'function') &&
    typeof status === 'string' &&
    typeof options === 'object' &&
    options !== null
  );
}

/** Records a span and a duration for each command of ioredis before 5.11, which publishes none on a channel. */
export class IoredisClients {
  readonly #database: Database;
  readonly #servers = new ServerTable('redis');
  readonly #statements = new RedisStatements();
  /** The commands of a transaction are sent while it is being handed over. */
  #openBatches = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Wraps what this one client sends commands by; what is wrapped already stays as it is. */
  observe(client: IoredisClient): void {
    // It makes the messages of its channels by this: none is needed to find out.
    if ('_buildCommandContext' in client) return;
    const wrapped = wrapClient(client, 'redis', this.#database);
    if (wrapped === undefined) return;
    const clients = this;
    const { sendCommand, multi } = client;
    defineMethod(client, 'sendCommand', function (this: unknown, ...args: unknown[]) {
      return wrapped.isOpen && wrapped.publishes !== true
        ? clients.#send(client, this, sendCommand, wrapped, args)
        : sendCommand.apply(this, args);
    });
    defineMethod(client, 'multi', function (this: unknown, ...args: unknown[]) {
      const pipeline = multi.apply(this, args);
      if (wrapped.isOpen && wrapped.publishes !== true) clients.#watchTransaction(client, wrapped, pipeline);
      return pipeline;
    });
  }

  #send(
    client: IoredisClient,
    self: unknown,
    send: Method,
    wrapped: WrappedClient,
    args: unknown[],
  ): unknown {
    const { database } = wrapped;
    const command = args[0] as Command;
    // Something that looks like ioredis may send something else.
    if (typeof command?.resolve !== 'function' || typeof command.reject !== 'function')
      return send.apply(self, args);
    // What waited for a connection comes by again, and so does what is sent once more.
    const isAgain = callKey in command;
    let call: DatabaseCall | undefined;
    if (isAgain) call = command[callKey];
    else if (this.#openBatches > 0) command[callKey] = undefined;
    else if (wrapped.publishes === false) call = this.#beginCommand(client, database, command);
    const countBefore = wrapped.publishedCount();
    const promise = send.apply(self, args);
    if (wrapped.hasPublished(countBefore)) {
      if (call !== undefined) database.abandon(call);
    } else if (!isAgain && this.#openBatches === 0 && call === undefined) {
      this.#beginCommand(client, database, command);
    }
    return promise;
  }

  #beginCommand(client: IoredisClient, database: Database, command: Command): DatabaseCall | undefined {
    const call = this.#begin(client, database, this.#statements.of(command.name, command.args?.length ?? 0));
    command[callKey] = call;
    if (call === undefined) return undefined;
    // Its promise is the caller's: to look at it would make a rejection handled.
    const { resolve, reject } = command;
    command.resolve = (value) => {
      database.end(call, undefined);
      resolve(value);
    };
    command.reject = (error) => {
      database.end(call, error ?? new Error('unknown'));
      reject(error);
    };
    return call;
  }

  /** A transaction is one operation: from when it is sent to when it has been answered. */
  #watchTransaction(client: IoredisClient, wrapped: WrappedClient, pipeline: unknown): void {
    const { exec, length } = (pipeline ?? {}) as Partial<Pipeline>;
    // Without a pipeline, each command is sent on its own.
    if (typeof exec !== 'function' || typeof length !== 'number') return;
    const clients = this;
    let hasBegun = false;
    defineMethod(pipeline as object, 'exec', function (this: unknown, ...args: unknown[]) {
      const { database } = wrapped;
      // Of a cluster that is not ready it calls itself again.
      const call = hasBegun
        ? undefined
        : clients.#begin(client, database, batchStatement('MULTI'), (pipeline as Pipeline).length - 1);
      hasBegun = true;
      const countBefore = wrapped.publishedCount();
      clients.#openBatches += 1;
      let promise: Promise<unknown>;
      try {
        promise = exec.apply(this, args) as Promise<unknown>;
      } finally {
        clients.#openBatches -= 1;
      }
      if (call === undefined) return promise;
      if (wrapped.hasPublished(countBefore) || typeof promise?.then !== 'function') {
        database.abandon(call);
        return promise;
      }
      return endBy(promise, database, call, typeof args[0] === 'function');
    });
  }

  #begin(
    client: IoredisClient,
    database: Database,
    statement: Statement,
    batchSize?: number,
  ): DatabaseCall | undefined {
    try {
      const server = this.#serverOf(client);
      return database.begin(server, statement, undefined, batchSize === 1 ? undefined : batchSize);
    } catch (error) {
      database.faults.caught('database.ioredis', error);
      return undefined;
    }
  }

  #serverOf({ options, isCluster, condition }: IoredisClient): DatabaseServer {
    // Which of its nodes a cluster asks is its own business.
    if (isCluster === true) return this.#servers.find(undefined, undefined, undefined);
    const { path, host, port, db } = options;
    const index = condition?.select ?? db ?? 0;
    return path
      ? this.#servers.find(path, undefined, index)
      : this.#servers.find(host || 'localhost', port || 6_379, index);
  }
}

/** With a callback, a rejection of the returned promise must not count as unhandled; without one, the caller handles it. */
function endBy(
  promise: Promise<unknown>,
  database: Database,
  call: DatabaseCall,
  hasCallback: boolean,
): Promise<unknown> {
  const settled = promise.then(
    (value) => {
      database.end(call, undefined);
      return value;
    },
    (error) => {
      database.end(call, error ?? new Error('unknown'));
      if (hasCallback) return undefined;
      throw error;
    },
  );
  return hasCallback ? promise : settled;
}
