import { once } from 'node:events';
import { context } from '@opentelemetry/api';
import { isTracingSuppressed, suppressTracing } from '@opentelemetry/core';
import type * as Mysql from 'mysql2';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { activeSpanId, startDatabaseService } from '../database/support/service.js';
import { type Program, startMariadb } from './support/program.js';
import { operationsOf, toldOf } from './support/told.js';

/** Loaded by name: the types of the versions differ. */
const older: string = 'mysql2-3-11';
const load = async (library: string) => ((await import(library)) as { default: typeof Mysql }).default;

let server: Program;
beforeAll(async () => {
  server = await startMariadb();
  const mysql = await load('mysql2');
  const connection = mysql.createConnection({ host: '127.0.0.1', port: server.port, user: 'root' }).promise();
  await connection.query('CREATE DATABASE shop');
  await connection.query('CREATE TABLE shop.orders (id int PRIMARY KEY, status text)');
  await connection.query("INSERT INTO shop.orders VALUES (1, 'open'), (2, 'open')");
  await connection.end();
}, 120_000);
afterAll(() => server?.stop());

const settings = () => ({ host: '127.0.0.1', port: server.port, user: 'root', database: 'shop' });

async function startPool(library: string, options: Mysql.PoolOptions = {}): Promise<Mysql.Pool> {
  const pool = (await load(library)).createPool({ ...settings(), ...options });
  onTestFinished(() => new Promise<void>((resolve) => pool.end(() => resolve())));
  return pool;
}

async function startConnection(library: string): Promise<Mysql.Connection> {
  const connection = (await load(library)).createConnection(settings());
  onTestFinished(() => connection.destroy());
  await connection.promise().connect();
  return connection;
}

const select = 'SELECT * FROM orders WHERE status = ? AND id = ?';
const values = ['hunter2', 7];

/** Calls back with whatever comes, so that every form can be awaited. */
const answered = (ask: (callback: (error: unknown, rows: unknown) => void) => unknown) =>
  new Promise<unknown>((resolve) => {
    ask((error, rows) => resolve(error ?? rows));
  });

/** What pools and connections have in common, in each form that there is. */
async function everything(one: Pick<Mysql.Pool, 'query' | 'execute'>): Promise<void> {
  expect(await answered((done) => one.query('SELECT 1 AS one', done))).toEqual([{ one: 1 }]);
  expect(await answered((done) => one.query(select, values, done))).toEqual([]);
  expect(await answered((done) => one.query({ sql: select, values }, done))).toEqual([]);
  expect(await answered((done) => one.query({ sql: select }, values, done))).toEqual([]);
  expect(await answered((done) => one.query({ sql: 'SELECT 1', rowsAsArray: true }, done))).toEqual([[1]]);
  expect(await answered((done) => one.execute('SELECT 1 AS one', done))).toEqual([{ one: 1 }]);
  expect(await answered((done) => one.execute(select, values, done))).toEqual([]);
  expect(await answered((done) => one.execute({ sql: select }, values, done))).toEqual([]);
  expect(await answered((done) => one.query("SELECT 'hunter2' FROM nowhere", done))).toMatchObject({
    errno: 1146,
  });
  expect(await answered((done) => one.execute('SELECT * FROM nowhere', done))).toMatchObject({ errno: 1146 });
  const rows: unknown[] = [];
  const query = one.query('SELECT id FROM orders ORDER BY id');
  query.on('result', (row) => void rows.push(row));
  await once(query, 'end');
  expect(rows).toEqual([{ id: 1 }, { id: 2 }]);
  const failing = one.query('SELECT * FROM nowhere');
  const [error] = (await once(failing, 'error')) as [{ errno: number }];
  expect(error.errno).toBe(1146);
  const read: unknown[] = [];
  for await (const row of one.query('SELECT id FROM orders ORDER BY id').stream()) read.push(row);
  expect(read).toEqual([{ id: 1 }, { id: 2 }]);
}

async function everythingPromised(one: {
  query(...args: never[]): Promise<unknown>;
  execute(...args: never[]): Promise<unknown>;
}): Promise<void> {
  const { query, execute } = one as unknown as Record<
    'query' | 'execute',
    (this: object, ...args: unknown[]) => Promise<[unknown, unknown]>
  >;
  expect((await query.call(one, 'SELECT 1 AS one'))[0]).toEqual([{ one: 1 }]);
  expect((await query.call(one, select, values))[0]).toEqual([]);
  expect((await execute.call(one, select, values))[0]).toEqual([]);
  await expect(query.call(one, 'SELECT * FROM nowhere')).rejects.toMatchObject({ errno: 1146 });
  await expect(execute.call(one, 'SELECT * FROM nowhere')).rejects.toMatchObject({ errno: 1146 });
}

/** Every kind of thing that can be handed over, and what is asked of it. */
const kinds = {
  async pool(library: string) {
    const pool = await startPool(library);
    return { handed: pool, work: () => everything(pool) };
  },
  async 'pool of promises'(library: string) {
    const pool = (await startPool(library)).promise();
    return { handed: pool, work: () => everythingPromised(pool) };
  },
  async 'connection of a pool'(library: string) {
    const pool = await startPool(library);
    const work = async () => {
      const connection = await new Promise<Mysql.PoolConnection>((resolve, reject) => {
        pool.getConnection((error, one) => (error ? reject(error) : resolve(one)));
      });
      await everything(connection);
      await new Promise<void>((resolve) => connection.beginTransaction(() => resolve()));
      await new Promise<void>((resolve) => connection.commit(() => resolve()));
      connection.release();
    };
    return { handed: pool, work };
  },
  async 'connection of a pool of promises'(library: string) {
    const pool = (await startPool(library)).promise();
    const work = async () => {
      const connection = await pool.getConnection();
      await everythingPromised(connection);
      connection.release();
    };
    return { handed: pool, work };
  },
  async connection(library: string) {
    const connection = await startConnection(library);
    return { handed: connection, work: () => everything(connection as never) };
  },
  async 'connection of promises'(library: string) {
    const connection = (await startConnection(library)).promise();
    return { handed: connection, work: () => everythingPromised(connection) };
  },
};

describe.each(Object.keys(kinds) as (keyof typeof kinds)[])('a %s of mysql2 without channels', (kind) => {
  test('tells the same of what it is asked as one that tells of it itself', async () => {
    const told = [];
    for (const library of [older, 'mysql2']) {
      const { handed, work } = await kinds[kind](library);
      const service = startDatabaseService({ pools: { orders: handed } });
      told.push(await toldOf(service, work));
      await service.signals.shutdown();
    }
    const [ours, theirs] = told;
    expect(ours?.operations.length).toBeGreaterThan(4);
    expect(ours).toEqual(theirs);
    expect(JSON.stringify(ours)).not.toContain('hunter2');
  });
});

describe('a client of mysql2 without channels', () => {
  test('belongs to its caller and calls back there, also over a connection that another one gave back', async () => {
    const pool = await startPool(older, { connectionLimit: 1 });
    const service = startDatabaseService({ pools: { orders: pool } });
    const ask = () =>
      service.asCaller(
        () =>
          new Promise<string | undefined>((resolve) => {
            pool.query('SELECT SLEEP(0.01) FROM orders', () => resolve(activeSpanId()));
          }),
      );
    const answers = await Promise.all([ask(), ask(), ask()]);
    for (const { id, result } of answers) expect(result).toBe(id);
    const parents = service.named('SELECT orders').map(({ parentSpanContext }) => parentSpanContext?.spanId);
    expect(parents.sort()).toEqual(answers.map(({ id }) => id).sort());
  });

  test('tells nothing where tracing is suppressed, also over a connection that another one gave back', async () => {
    const pool = await startPool(older, { connectionLimit: 1 });
    const service = startDatabaseService({ pools: { orders: pool } });
    const ask = () =>
      new Promise<boolean>((resolve) => {
        pool.query('SELECT 1', () => resolve(isTracingSuppressed(context.active())));
      });
    const [, isSuppressed] = await Promise.all([
      service.asCaller(ask),
      context.with(suppressTracing(context.active()), ask),
    ]);
    expect(isSuppressed).toBe(true);
    expect(service.named('SELECT')).toHaveLength(1);
    expect(await service.value('db.client.operation.duration')).toBe(1);
  });

  test('is wrapped by itself: its class, and its other clients, are as they were', async () => {
    const [first, second] = [await startConnection(older), await startConnection(older)];
    const before = Object.getOwnPropertyDescriptors(first.constructor.prototype);
    const service = startDatabaseService();
    service.signals.pool('orders', first);
    service.signals.pool('again', first.promise());
    await first.promise().query('SELECT 1');
    await second.promise().query('SELECT 1');
    expect(service.named('SELECT')).toHaveLength(1);
    expect(Object.getOwnPropertyDescriptors(first.constructor.prototype)).toEqual(before);
  });

  test('is seen by a second service after the first', async () => {
    const connection = await startConnection(older);
    const first = startDatabaseService({ pools: { orders: connection } });
    await first.signals.shutdown();
    await connection.promise().query('SELECT 1');
    const second = startDatabaseService({ pools: { orders: connection } });
    await connection.promise().query('SELECT 1');
    expect(first.spans).toEqual([]);
    expect(second.named('SELECT')).toHaveLength(1);
  });

  test('fails as before once it is closed, and says so', async () => {
    const connection = await startConnection(older);
    const service = startDatabaseService({ pools: { orders: connection } });
    await connection.promise().query('SELECT 1');
    await connection.promise().end();
    await expect(connection.promise().query('SELECT 2')).rejects.toThrow('closed state');
    expect(service.named('SELECT').map(({ attributes }) => attributes['error.type'])).toEqual([
      undefined,
      'Error',
    ]);
  });

  test('says of a query that was asked wrongly that it failed, as of one of pg', async () => {
    const connection = (await startConnection(older)).promise();
    const service = startDatabaseService({ pools: { orders: connection } });
    await connection.query('SELECT 1');
    await expect(connection.execute(select, [undefined as never, 1])).rejects.toThrow('undefined');
    expect(service.named('SELECT orders').map(({ attributes }) => attributes['error.type'])).toEqual([
      'TypeError',
    ]);
  });

  test('leaves an error of a query that nobody listens to as it is', async () => {
    const connection = await startConnection(older);
    startDatabaseService({ pools: { orders: connection } });
    await connection.promise().query('SELECT 1');
    const query = connection.query('SELECT * FROM nowhere');
    expect(query.listenerCount('error')).toBe(0);
    await once(query, 'error');
  });
});

test('a pool of mysql2 that tells of its queries itself counts once when it is handed over', async () => {
  const pool = (await startPool('mysql2')).promise();
  const service = startDatabaseService({ pools: { orders: pool } });
  const { id } = await service.asCaller(async () => {
    await pool.query('SELECT 1');
    await pool.execute('SELECT 1');
  });
  expect(operationsOf(service.spans, id)).toMatchObject([
    { name: 'SELECT', isUnderCaller: true },
    { name: 'SELECT', isUnderCaller: true },
  ]);
  expect(await service.value('db.client.operation.duration')).toBe(2);
});
