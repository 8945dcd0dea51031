import type { Database } from './database.js';
import type { DatabaseCall } from './database-call.js';
import { commandsOf, countOf } from './node-redis-4-commands.js';
import { batchStatement, RedisStatements } from './redis-statement.js';
import { ServerTable } from './server-table.js';
import type { Statement } from './statement.js';
import { defineMethod, type WrappedClient, wrapClient, wrappedClientOf } from './wrapped-client.js';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** What is used of a client of node-redis. */
export interface NodeRedisClient {
  readonly options?:
    | {
        readonly legacyMode?: boolean;
        readonly database?: unknown;
        readonly socket?: { readonly host?: unknown; readonly port?: unknown; readonly path?: unknown };
      }
    | undefined;
  /** The client itself, of which the one that was handed over can be a view: from 5 on. */
  readonly _self?: object;
  sendCommand: Method;
}

/** Reads the statement from the arguments of a method. */
type StatementOf = (args: readonly unknown[]) => Statement | undefined;

/** True for a client of node-redis 4 or later; false for clusters and sentinels. */
export function isNodeRedisClient(value: object): value is NodeRedisClient {
  const { sendCommand, duplicate, multiExecutor, _executeMulti, isOpen } = value as Record<string, unknown>;
  return (
    [sendCommand, duplicate].every((method) => typeof method === 'function') &&
    [multiExecutor, _executeMulti].some((method) => typeof method === 'function') &&
    typeof isOpen === 'boolean'
  );
}

/** Records a span and a duration for each command of node-redis before 5.12, which publishes none on a channel. */
export class NodeRedisClients {
  readonly #database: Database;
  readonly #servers = new ServerTable('redis');
  readonly #statements = new RedisStatements();
  /** By the method that each is in front of: clients of one class share them, as one has a thousand. */
  readonly #wrappers = new WeakMap<Method, Method>();
  /** True while a method of a client is at work: what it calls of the client's own is part of it. */
  #isAsking = false;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Wraps what this one client sends commands by; what is wrapped already stays as it is. */
  observe(client: NodeRedisClient): void {
    const self = (client._self ?? client) as NodeRedisClient;
    // Its methods call back there, each in its own way.
    if (self.options?.legacyMode === true) return;
    const wrapped = wrapClient(self, 'redis', this.#database);
    if (wrapped === undefined) return;
    this.#wrapMethods(self);
    if ('executeIsolated' in self) this.#wrapIsolation(self as never, wrapped);
  }

  #wrapMethods(client: NodeRedisClient): void {
    const statements = this.#statements;
    const ofArgs: StatementOf = ([args]) =>
      Array.isArray(args) ? statements.of(args[0], args.length - 1) : undefined;
    this.#wrap(client, 'sendCommand', () => ofArgs);
    if (!('multiExecutor' in client)) {
      this.#wrap(client, '_executeMulti', () => () => batchStatement('MULTI'), true);
      this.#wrap(client, '_executePipeline', () => () => batchStatement('PIPELINE'), true);
      return;
    }
    // In 4, no method that could be wrapped is behind all commands: each of them is wrapped instead.
    const ofChain: StatementOf = ([, , chain]) => batchStatement(chain === undefined ? 'PIPELINE' : 'MULTI');
    this.#wrap(client, 'multiExecutor', () => ofChain, true);
    this.#wrap(client, 'executeScript', () => () => statements.of('EVALSHA', 0, true));
    this.#wrap(client, 'executeFunction', () => () => statements.of('FCALL', 0, true));
    for (const [target, methods] of commandsOf(client)) {
      for (const { method, command, isWhole } of methods) {
        this.#wrap(target, method, () => (args) => {
          const { count, isCounted } = countOf(args);
          return statements.of(command, count, !(isWhole && isCounted));
        });
      }
    }
  }

  /** `createStatementOf` is asked once for each method of a class. */
  #wrap(target: object, name: string, createStatementOf: () => StatementOf, isBatch = false): void {
    const method = (target as Record<string, Method | undefined>)[name];
    if (typeof method !== 'function') return;
    let wrapper = this.#wrappers.get(method);
    if (wrapper === undefined) {
      wrapper = this.#createWrapper(method, createStatementOf(), isBatch);
      this.#wrappers.set(method, wrapper);
    }
    defineMethod(target, name, wrapper);
  }

  #createWrapper(method: Method, statementOf: StatementOf, isBatch: boolean): Method {
    const clients = this;
    return function (this: unknown, ...args: unknown[]) {
      // A module knows its client.
      const client = ((this as { readonly self?: object } | undefined)?.self ?? this) as NodeRedisClient;
      const wrapped = wrappedClientOf(client);
      if (wrapped === undefined || !wrapped.isOpen || wrapped.publishes === true || clients.#isAsking)
        return method.apply(this, args);
      let statement: Statement | undefined;
      try {
        statement = statementOf(args);
      } catch (error) {
        wrapped.database.faults.caught('database.node-redis', error);
      }
      if (statement === undefined) return method.apply(this, args);
      const commands = isBatch ? (args[0] as readonly unknown[] | undefined) : undefined;
      return clients.#ask(this, client, wrapped, method, args, statement, commands?.length);
    };
  }

  #ask(
    self: unknown,
    client: NodeRedisClient,
    wrapped: WrappedClient,
    method: Method,
    args: unknown[],
    statement: Statement,
    batchSize: number | undefined,
  ): unknown {
    const { database } = wrapped;
    let call = wrapped.publishes === false ? this.#begin(client, database, statement, batchSize) : undefined;
    const countBefore = wrapped.publishedCount();
    let promise: Promise<unknown>;
    this.#isAsking = true;
    try {
      promise = method.apply(self, args) as Promise<unknown>;
    } catch (error) {
      if (call !== undefined) database.end(call, error);
      throw error;
    } finally {
      this.#isAsking = false;
    }
    if (wrapped.hasPublished(countBefore) || typeof promise?.then !== 'function') {
      if (call !== undefined) database.abandon(call);
      return promise;
    }
    call ??= this.#begin(client, database, statement, batchSize);
    return call === undefined ? promise : settling(promise, database, call);
  }

  #begin(
    client: NodeRedisClient,
    database: Database,
    statement: Statement,
    batchSize: number | undefined,
  ): DatabaseCall | undefined {
    try {
      const { options } = client;
      const { path, host, port } = options?.socket ?? {};
      const index = options?.database ?? 0;
      const server = path
        ? this.#servers.find(path, undefined, index)
        : this.#servers.find(host || 'localhost', port || 6_379, index);
      return database.begin(server, statement, undefined, batchSize === 1 ? undefined : batchSize);
    } catch (error) {
      database.faults.caught('database.node-redis', error);
      return undefined;
    }
  }

  /** Commands on an isolated connection go through another client, which is observed as well. */
  #wrapIsolation(client: { executeIsolated: Method }, wrapped: WrappedClient): void {
    const clients = this;
    const { executeIsolated } = client;
    defineMethod(client, 'executeIsolated', function (this: unknown, run: unknown, ...rest: unknown[]) {
      if (!wrapped.isOpen || typeof run !== 'function') return executeIsolated.call(this, run, ...rest);
      const isPart = clients.#isAsking;
      const runSeen = (isolated: NodeRedisClient) => {
        if (!isPart) {
          clients.observe(isolated);
          return run(isolated);
        }
        clients.#isAsking = true;
        try {
          return run(isolated);
        } finally {
          clients.#isAsking = false;
        }
      };
      return executeIsolated.call(this, runSeen, ...rest);
    });
  }
}

/** The caller gets the returned promise, so that an unhandled rejection stays unhandled. */
function settling(promise: Promise<unknown>, database: Database, call: DatabaseCall): Promise<unknown> {
  return promise.then(
    (value) => {
      database.end(call, undefined);
      return value;
    },
    (error) => {
      database.end(call, error ?? new Error('unknown'));
      throw error;
    },
  );
}
