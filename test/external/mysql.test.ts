import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import mysql from 'mysql2';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { activeSpanId, startDatabaseService } from '../database/support/service.js';
import { type Program, startMariadb } from './support/program.js';

let server: Program;
beforeAll(async () => {
  server = await startMariadb();
  const connection = mysql.createConnection({ host: '127.0.0.1', port: server.port, user: 'root' }).promise();
  await connection.query('CREATE DATABASE shop');
  await connection.query('CREATE TABLE shop.orders (id int PRIMARY KEY, status text)');
  await connection.end();
}, 120_000);
afterAll(() => server?.stop());

function startPool(options: mysql.PoolOptions = {}): mysql.Pool {
  const pool = mysql.createPool({
    host: '127.0.0.1',
    port: server.port,
    user: 'root',
    database: 'shop',
    ...options,
  });
  onTestFinished(() => new Promise<void>((resolve) => pool.end(() => resolve())));
  return pool;
}

describe('a query of mysql2', () => {
  test('is a CLIENT span under that of the caller, its values left out', async () => {
    const pool = startPool().promise();
    const service = startDatabaseService();
    const { id } = await service.asCaller(async () => {
      await pool.query('SELECT * FROM orders WHERE status = ? AND id = ?', ["O'hunter2\\", 7]);
      await pool.execute('SELECT * FROM orders WHERE status = ?', ['hunter2']);
    });
    const own = service.spans.filter(({ kind }) => kind === SpanKind.CLIENT);
    const attributes = {
      'db.system.name': 'mysql',
      'db.namespace': 'shop',
      'db.query.summary': 'SELECT orders',
      'server.address': '127.0.0.1',
      'server.port': server.port,
    };
    expect(own).toMatchObject([
      {
        name: 'SELECT orders',
        parentSpanContext: { spanId: id },
        // mysql2 writes the value with a backslash before its quote: whether that ends it is a setting of the server.
        attributes: { ...attributes, 'db.query.text': 'SELECT * FROM orders WHERE status = ?…' },
      },
      {
        name: 'SELECT orders',
        parentSpanContext: { spanId: id },
        attributes: { ...attributes, 'db.query.text': 'SELECT * FROM orders WHERE status = ?' },
      },
    ]);
  });

  test('is measured, with the number of its error where it failed', async () => {
    const pool = startPool().promise();
    const service = startDatabaseService();
    await expect(pool.query("SELECT 'hunter2' FROM nowhere")).rejects.toThrow();
    expect(service.named('SELECT nowhere')).toMatchObject([
      {
        status: { code: SpanStatusCode.ERROR },
        attributes: { 'error.type': '1146', 'db.response.status_code': '1146' },
      },
    ]);
    expect(await service.value('db.client.operation.duration')).toBe(1);
  });

  test('belongs to its caller and calls back there, also over a connection that another one gave back', async () => {
    const pool = startPool({ connectionLimit: 1 });
    const service = startDatabaseService();
    const ask = () =>
      service.asCaller(
        () =>
          new Promise<string | undefined>((resolve) => {
            pool.query('SELECT SLEEP(0.01) FROM orders UNION SELECT 1', () => resolve(activeSpanId()));
          }),
      );
    const answers = await Promise.all([ask(), ask(), ask()]);
    for (const { id, result } of answers) expect(result).toBe(id);
    const parents = service
      .named('SELECT orders SELECT')
      .map(({ parentSpanContext }) => parentSpanContext?.spanId);
    expect(parents.sort()).toEqual(answers.map(({ id }) => id).sort());
  });
});

describe('a pool of mysql2', () => {
  test.each([
    ['with callbacks', (pool: mysql.Pool): object => pool],
    ['of promises', (pool: mysql.Pool): object => pool.promise()],
  ])('%s says how full it is and how long one waits', async (_kind, handedOver) => {
    const pool = startPool({ connectionLimit: 2, maxIdle: 1 });
    const service = startDatabaseService({ pools: { orders: handedOver(pool) } });
    const promised = pool.promise();
    const connections = [await promised.getConnection(), await promised.getConnection()];
    const waiting = service.asCaller(() => promised.query('SELECT 1'));
    expect(await service.value('db.client.connection.count', 'used')).toBe(2);
    expect(await service.value('db.client.connection.limit')).toBe(2);
    expect(await service.value('db.client.connection.idle.max')).toBe(1);
    expect(await service.value('db.client.connection.pending_requests')).toBe(1);
    for (const connection of connections) connection.release();
    const { id } = await waiting;
    expect(service.named('orders connection wait')).toMatchObject([{ parentSpanContext: { spanId: id } }]);
    expect(service.named('SELECT')).toMatchObject([{ parentSpanContext: { spanId: id } }]);
    expect(await service.value('db.client.connection.wait_time')).toBe(3);
    expect(await service.value('db.client.connection.create_time')).toBe(2);
    expect(await service.value('db.client.connection.use_time')).toBe(3);
  });
});
