import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startDatabaseService } from '../database/support/service.js';
import { type Postgres, startPostgres } from '../support/postgres.js';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

function startPool(config: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: postgres.url, ...config });
  onTestFinished(() => (pool.ended ? undefined : pool.end()));
  return pool;
}

describe('a pg.Pool', () => {
  test('says how full it is, against what it may hold, and who waits', async () => {
    const pool = startPool({ max: 2, min: 1 });
    const service = startDatabaseService({ pools: { orders: pool } });
    const clients = [await pool.connect(), await pool.connect()];
    const waiting = pool.connect();
    const count = 'db.client.connection.count';
    expect(await service.value(count, 'used')).toBe(2);
    expect(await service.value(count, 'idle')).toBe(0);
    expect(await service.points('db.client.connection.limit')).toEqual([
      { value: 2, attributes: { 'db.client.connection.pool.name': 'orders' } },
    ]);
    expect(await service.value('db.client.connection.idle.min')).toBe(1);
    expect(await service.points('db.client.connection.idle.max')).toEqual([]);
    expect(await service.value('db.client.connection.pending_requests')).toBe(1);
    for (const client of clients) client.release();
    (await waiting).release();
    expect(await service.value(count, 'used')).toBe(0);
    expect(await service.value(count, 'idle')).toBe(2);
    expect(await service.value('db.client.connection.pending_requests')).toBe(0);
  });

  test('measures waiting, making and using connections', async () => {
    const pool = startPool({ max: 1 });
    const service = startDatabaseService({ pools: { orders: pool } });
    await Promise.all([pool.query('SELECT 1'), pool.query('SELECT 1'), pool.query('SELECT 1')]);
    expect(await service.value('db.client.connection.wait_time')).toBe(3);
    expect(await service.value('db.client.connection.use_time')).toBe(3);
    expect(await service.value('db.client.connection.create_time')).toBe(1);
    expect(await service.value('db.client.connection.timeouts')).toBe(0);
  });

  test('shows a wait as a span of its own under that of the caller, only where there was one', async () => {
    const pool = startPool({ max: 1 });
    const service = startDatabaseService({ pools: { orders: pool } });
    await pool.query('SELECT 1');
    await pool.query('SELECT 1');
    expect(service.named('orders connection wait')).toEqual([]);
    expect(service.named('orders connection create')).toHaveLength(1);

    const client = await pool.connect();
    const asked = service.asCaller(() => pool.query('SELECT 2 AS two'));
    expect(pool.waitingCount).toBe(1);
    client.release();
    const { id } = await asked;
    expect(service.named('orders connection wait')).toMatchObject([
      {
        kind: SpanKind.INTERNAL,
        parentSpanContext: { spanId: id },
        attributes: { 'db.client.connection.pool.name': 'orders' },
      },
    ]);
    const [query] = service.spans.slice(-2);
    expect(query).toMatchObject({ name: 'SELECT', parentSpanContext: { spanId: id } });
  });

  test('tells of several that ask at once and find one idle connection', async () => {
    const pool = startPool({ max: 1 });
    const service = startDatabaseService({ pools: { orders: pool } });
    await pool.query('SELECT 1');
    await Promise.all([pool.query('SELECT 1'), pool.query('SELECT 1')]);
    expect(service.named('orders connection wait')).toHaveLength(1);
  });

  test('that makes two connections for twelve at once is told of as two creations and nine waits', async () => {
    const pool = startPool({ max: 3 });
    let made = 0;
    pool.on('connect', () => {
      made += 1;
    });
    const service = startDatabaseService({ pools: { orders: pool } });
    await pool.query('SELECT 1');
    const before = service.spans.length;
    const asked = service.asCaller(() =>
      Promise.all(Array.from({ length: 12 }, () => pool.query('SELECT pg_sleep(0.05)'))),
    );
    const { id } = await asked;
    const names = service.spans.slice(before).map(({ name }) => name);
    expect(names.filter((name) => name === 'orders connection create')).toHaveLength(2);
    expect(names.filter((name) => name === 'orders connection wait')).toHaveLength(9);
    expect(made).toBe(3);
    expect(await service.value('db.client.connection.create_time')).toBe(3);
    expect(await service.value('db.client.connection.wait_time')).toBe(13);
    const parents = service.named('orders connection wait').map((span) => span.parentSpanContext?.spanId);
    expect(new Set(parents)).toEqual(new Set([id]));
  });

  test.each([0, 10_000])(
    'tells a connection that is made for a caller in the queue as a creation, with a time-out of %d ms',
    async (connectionTimeoutMillis) => {
      const pool = startPool({ max: 1, connectionTimeoutMillis });
      const service = startDatabaseService({ pools: { orders: pool } });
      const client = await pool.connect();
      const waiting = pool.query('SELECT 1');
      // The caller before gives a broken connection back: the next one gets a new one.
      client.release(true);
      await waiting;
      expect(service.named('orders connection wait')).toEqual([]);
      expect(service.named('orders connection create')).toHaveLength(2);
      expect(await service.value('db.client.connection.create_time')).toBe(2);
    },
  );

  test('that has ended is asked in vain, and nobody waited for anything', async () => {
    const pool = startPool();
    const service = startDatabaseService({ pools: { orders: pool } });
    await pool.end();
    await expect(pool.query('SELECT 1')).rejects.toThrow('after calling end');
    expect(service.spans).toEqual([]);
    expect(await service.value('db.client.connection.wait_time')).toBeUndefined();
  });

  test('that cannot connect tells each attempt of a burst as one', async () => {
    const pool = startPool({ connectionString: undefined, host: '127.0.0.1', port: 1, max: 2 });
    const service = startDatabaseService({ pools: { orders: pool } });
    const results = await Promise.allSettled(Array.from({ length: 4 }, () => pool.query('SELECT 1')));
    expect(results.map(({ status }) => status)).toEqual(Array.from({ length: 4 }, () => 'rejected'));
    expect(service.named('orders connection create')).toHaveLength(4);
    expect(service.named('orders connection wait')).toEqual([]);
    expect(await service.value('db.client.connection.create_time')).toBeUndefined();
  });

  test('counts who gave up waiting, and says so in the span', async () => {
    const pool = startPool({ max: 1, connectionTimeoutMillis: 5 });
    const service = startDatabaseService({ pools: { orders: pool } });
    // A connection of a machine as busy as this one may take longer than 5 ms.
    let client: pg.PoolClient | undefined;
    while (client === undefined) client = await pool.connect().catch(() => undefined);
    const before = (await service.value('db.client.connection.timeouts')) ?? 0;
    await expect(pool.query('SELECT 1')).rejects.toThrow('timeout exceeded');
    expect(await service.value('db.client.connection.timeouts')).toBe(before + 1);
    expect(service.named('orders connection wait')).toMatchObject([
      { status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': 'timeout' } },
    ]);
    client.release();
  });

  test('says why no connection came about', async () => {
    const pool = startPool({ connectionString: undefined, host: '127.0.0.1', port: 1 });
    const service = startDatabaseService({ pools: { orders: pool } });
    await expect(pool.query('SELECT 1')).rejects.toThrow('ECONNREFUSED');
    expect(service.spans).toMatchObject([
      { name: 'orders connection create', attributes: { 'error.type': 'ECONNREFUSED' } },
    ]);
    expect(await service.value('db.client.connection.create_time')).toBeUndefined();
  });

  test('calls back those that take a client by a callback where they were', async () => {
    const pool = startPool({ max: 1 });
    const service = startDatabaseService({ pools: { orders: pool } });
    const client = await pool.connect();
    const asked = service.asCaller(
      (caller) =>
        new Promise<boolean>((resolve) => {
          pool.connect((_error, _client, release) => {
            release();
            service.signals.tracer.startActiveSpan('after', (span) => {
              span.end();
              resolve(caller.isRecording());
            });
          });
        }),
    );
    client.release();
    const { id } = await asked;
    expect(service.named('after')).toMatchObject([{ parentSpanContext: { spanId: id } }]);
  });

  test('is observed once, however often and by whichever name it is handed over', async () => {
    const pool = startPool();
    const service = startDatabaseService({ pools: { orders: pool } });
    service.signals.pool('orders', pool);
    service.signals.pool('others', pool);
    await pool.query('SELECT 1');
    expect(service.named('SELECT')).toHaveLength(1);
    const names = (await service.points('db.client.connection.limit')).map(({ attributes }) => attributes);
    expect(names).toEqual([{ 'db.client.connection.pool.name': 'orders' }]);
  });

  test('is let go when it has ended; its times stay, and its name is free', async () => {
    const pool = startPool();
    const service = startDatabaseService({ pools: { orders: pool } });
    await pool.query('SELECT 1');
    await pool.end();
    expect(await service.points('db.client.connection.count')).toEqual([]);
    expect(await service.points('db.client.connection.limit')).toEqual([]);
    expect(await service.value('db.client.connection.use_time')).toBe(1);
    const next = startPool();
    service.signals.pool('orders', next);
    await next.query('SELECT 1');
    expect(await service.value('db.client.connection.count', 'idle')).toBe(1);
    expect(await service.value('db.client.connection.use_time')).toBe(2);
  });

  test('makes way for another one of its name, and is as it was', async () => {
    const [first, second] = [startPool(), startPool({ max: 3 })];
    const service = startDatabaseService({ pools: { orders: first } });
    service.signals.pool('orders', second);
    expect(Object.hasOwn(first, 'connect')).toBe(false);
    expect(Object.hasOwn(first, 'newClient')).toBe(false);
    expect(first.listenerCount('acquire')).toBe(0);
    expect(await service.value('db.client.connection.limit')).toBe(3);
  });
});
