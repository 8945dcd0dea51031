import { once } from 'node:events';
import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import pg from 'pg';
import Cursor from 'pg-cursor';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Postgres, startPostgres } from '../support/postgres.js';
import { activeSpanId, startDatabaseService } from './support/service.js';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
  const client = new pg.Client(postgres.url);
  await client.connect();
  await client.query('CREATE TABLE orders (id int PRIMARY KEY, status text)');
  await client.end();
});
afterAll(() => postgres?.stop());

function startPool(config: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: postgres.url, ...config });
  onTestFinished(() => (pool.ended ? undefined : pool.end()));
  return pool;
}

async function connectClient(): Promise<pg.Client> {
  const client = new pg.Client(postgres.url);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

describe('a query through a pg.Pool', () => {
  test('is a CLIENT span under that of the caller, by the database conventions', async () => {
    const pool = startPool();
    const service = startDatabaseService({ pools: { orders: pool } });
    const { id, result } = await service.asCaller(() =>
      pool.query("SELECT 'hunter2' AS name, $1::int AS n", [42]),
    );
    expect(result.rows).toEqual([{ name: 'hunter2', n: 42 }]);
    const [span] = service.named('SELECT');
    expect(span).toMatchObject({
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.UNSET },
      parentSpanContext: { spanId: id },
      attributes: {
        'db.system.name': 'postgresql',
        'db.namespace': 'postgres',
        'db.query.text': 'SELECT ? AS name, $1::int AS n',
        'db.query.summary': 'SELECT',
        'db.operation.name': 'SELECT',
        'server.address': '127.0.0.1',
        'server.port': postgres.port,
      },
    });
  });

  test('is measured, with its error where it failed', async () => {
    const pool = startPool();
    const service = startDatabaseService({ pools: { orders: pool } });
    await pool.query('SELECT * FROM orders');
    await pool.query('SELECT * FROM orders');
    await expect(pool.query('SELECT * FROM nowhere')).rejects.toThrow('nowhere');
    const server = {
      'db.system.name': 'postgresql',
      'db.namespace': 'postgres',
      'server.port': postgres.port,
    };
    expect(await service.points('db.client.operation.duration')).toEqual([
      { value: 2, attributes: expect.objectContaining({ ...server, 'db.query.summary': 'SELECT orders' }) },
      {
        value: 1,
        attributes: expect.objectContaining({
          ...server,
          'db.query.summary': 'SELECT nowhere',
          'db.response.status_code': '42P01',
          'error.type': '42P01',
        }),
      },
    ]);
    expect(service.named('SELECT nowhere')).toMatchObject([
      { status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': '42P01' } },
    ]);
  });

  test('never tells of values, not even in what it says of an error', async () => {
    const pool = startPool();
    const service = startDatabaseService({ pools: { orders: pool } });
    await pool.query("INSERT INTO orders VALUES (7, 'hunter2')");
    await expect(pool.query("INSERT INTO orders VALUES (7, 'hunter2')")).rejects.toMatchObject({
      code: '23505',
    });
    await expect(pool.query("SELECT 'hunter2'::int")).rejects.toThrow('hunter2');
    const said = service.spans.map(({ name, attributes, status, events }) => [
      name,
      attributes,
      status,
      events,
    ]);
    expect(JSON.stringify(said)).not.toContain('hunter2');
    expect(service.spans.filter(({ kind }) => kind === SpanKind.CLIENT)).toHaveLength(3);
  });

  test.each([
    ['text', (pool: pg.Pool) => pool.query('SELECT 1 FROM orders')],
    ['text and values', (pool: pg.Pool) => pool.query('SELECT 1 FROM orders WHERE id = $1', [1])],
    [
      'a configuration',
      (pool: pg.Pool) => pool.query({ text: 'SELECT 1 FROM orders WHERE id = $1', values: [1] }),
    ],
    ['a named statement', (pool: pg.Pool) => pool.query({ name: 'one', text: 'SELECT 1 FROM orders' })],
    [
      'a callback',
      (pool: pg.Pool) =>
        new Promise((resolve) => pool.query('SELECT 1 FROM orders', () => resolve(undefined))),
    ],
    [
      'values and a callback',
      (pool: pg.Pool) =>
        new Promise((resolve) =>
          pool.query('SELECT 1 FROM orders WHERE id = $1', [1], () => resolve(undefined)),
        ),
    ],
  ])('is seen once, given as %s', async (_form, ask) => {
    const pool = startPool();
    const service = startDatabaseService({ pools: { orders: pool } });
    await ask(pool);
    expect(service.named('SELECT orders')).toHaveLength(1);
  });

  test('calls back in the context of the caller, also where it waited for what another one gave back', async () => {
    const pool = startPool({ max: 1 });
    const service = startDatabaseService({ pools: { orders: pool } });
    const ask = () =>
      service.asCaller(
        () =>
          new Promise<string | undefined>((resolve) => {
            pool.query('SELECT pg_sleep(0.01) FROM orders', () => resolve(activeSpanId()));
          }),
      );
    const answers = await Promise.all([ask(), ask(), ask()]);
    for (const { id, result } of answers) expect(result).toBe(id);
    const parents = service.named('SELECT orders').map(({ parentSpanContext }) => parentSpanContext?.spanId);
    expect(parents.sort()).toEqual(answers.map(({ id }) => id).sort());
  });

  test('leaves a rejection to whoever asked', async () => {
    const pool = startPool();
    startDatabaseService({ pools: { orders: pool } });
    const unhandled: unknown[] = [];
    const listener = (error: unknown) => void unhandled.push(error);
    const others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', listener);
    onTestFinished(() => {
      process.off('unhandledRejection', listener);
      for (const other of others) process.on('unhandledRejection', other);
    });
    await expect(pool.query('SELECT nonsense')).rejects.toThrow();
    void pool.query('SELECT nonsense');
    while (unhandled.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toHaveLength(1);
  });

  test('keeps the stack of whoever asked in its error', async () => {
    const pool = startPool();
    startDatabaseService({ pools: { orders: pool } });
    async function askWrongly() {
      await pool.query('SELECT nonsense');
    }
    const error = await askWrongly().catch((caught: Error) => caught);
    expect(error?.stack).toContain('askWrongly');
  });

  test('is nobody’s business where tracing is suppressed', async () => {
    const pool = startPool();
    const service = startDatabaseService({ pools: { orders: pool } });
    await context.with(suppressTracing(ROOT_CONTEXT), () => pool.query('SELECT 1'));
    expect(service.spans).toEqual([]);
    expect(await service.points('db.client.operation.duration')).toEqual([]);
  });

  test('is measured and not traced in a trace that is not sampled', async () => {
    const pool = startPool();
    const spans: unknown[] = [];
    const processor = {
      onStart() {},
      onEnd: (span: unknown) => void spans.push(span),
      forceFlush: async () => {},
      shutdown: async () => {},
    };
    const service = startDatabaseService({
      pools: { orders: pool },
      traces: { sampleRatio: 0, keep: false, processors: [processor] },
    });
    await pool.query('SELECT 1');
    expect(spans).toEqual([]);
    expect(await service.value('db.client.operation.duration')).toBe(1);
  });
});

describe('a client', () => {
  test('taken from a pool is seen query by query, a transaction included', async () => {
    const pool = startPool();
    const service = startDatabaseService({ pools: { orders: pool } });
    const { id } = await service.asCaller(async () => {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        await client.query('UPDATE orders SET status = $1', ['paid']);
        await client.query('COMMIT');
      } finally {
        client.release();
      }
    });
    const own = service.spans.filter(({ kind }) => kind === SpanKind.CLIENT);
    expect(own.map(({ name }) => name)).toEqual(['BEGIN', 'UPDATE orders', 'COMMIT']);
    for (const { parentSpanContext } of own) expect(parentSpanContext?.spanId).toBe(id);
  });

  test('of its own is taken as well as a pool', async () => {
    const client = await connectClient();
    const service = startDatabaseService();
    service.signals.pool('reports', client);
    service.signals.pool('reports', client);
    await client.query('SELECT * FROM orders');
    expect(service.named('SELECT orders')).toHaveLength(1);
    expect(await service.points('db.client.connection.count')).toEqual([]);
  });

  test('does not write into the configuration that it is given, which can be used again', async () => {
    const client = await connectClient();
    const service = startDatabaseService({ pools: { reports: client } });
    const config = { text: 'SELECT 1 AS one FROM orders' };
    await client.query(config);
    await client.query(config);
    expect(Object.keys(config)).toEqual(['text']);
    expect(service.named('SELECT orders')).toHaveLength(2);
    const called = { text: 'SELECT 2 FROM orders', callback: () => resolved?.() };
    let resolved: (() => void) | undefined;
    for (let round = 0; round < 2; round += 1) {
      await new Promise<void>((resolve) => {
        resolved = resolve;
        client.query(called as never);
      });
    }
    expect(service.named('SELECT orders')).toHaveLength(4);
  });

  test('throws what pg throws at wrong arguments', async () => {
    const client = await connectClient();
    const service = startDatabaseService({ pools: { reports: client } });
    expect(() => client.query(null as never)).toThrow(TypeError);
    expect(service.spans).toEqual([]);
  });

  test('tells of a query whose connection broke', async () => {
    const client = new pg.Client(postgres.url);
    await client.connect();
    client.on('error', () => {});
    const service = startDatabaseService({ pools: { reports: client } });
    await expect(client.query('SELECT pg_terminate_backend(pg_backend_pid())')).rejects.toThrow();
    expect(service.spans).toMatchObject([{ status: { code: SpanStatusCode.ERROR } }]);
    expect(service.spans[0]?.attributes['error.type']).toMatch(/^(57P01|Error)$/);
  });

  test('sees query objects, and the first rows of a cursor', async () => {
    const client = await connectClient();
    const service = startDatabaseService({ pools: { reports: client } });
    const query = client.query(
      new pg.Query('SELECT * FROM orders') as never,
    ) as unknown as NodeJS.EventEmitter;
    await once(query, 'end');
    expect(service.named('SELECT orders')).toHaveLength(1);

    const cursor = client.query(new Cursor('SELECT * FROM generate_series(1, 10)'));
    expect(await cursor.read(3)).toHaveLength(3);
    expect(service.named('SELECT generate_series')).toHaveLength(1);
    expect(await cursor.read(100)).toHaveLength(7);
    await cursor.close();
    expect(service.named('SELECT generate_series')).toHaveLength(1);

    const wrong = client.query(new Cursor('SELECT * FROM nowhere'));
    await expect(wrong.read(1)).rejects.toThrow();
    expect(service.named('SELECT nowhere')).toMatchObject([{ attributes: { 'error.type': '42P01' } }]);
  });

  test('is as it was once the service has ended', async () => {
    const pool = startPool();
    const service = startDatabaseService({ pools: { orders: pool } });
    expect(Object.hasOwn(pool, 'connect')).toBe(true);
    await service.signals.shutdown();
    expect(Object.hasOwn(pool, 'connect')).toBe(false);
    const before = service.spans.length;
    await pool.query('SELECT 1');
    expect(service.spans).toHaveLength(before);
  });

  test('is seen again by a service that comes after', async () => {
    const pool = startPool({ max: 1 });
    const first = startDatabaseService({ pools: { orders: pool } });
    await pool.query('SELECT 1');
    await first.signals.shutdown();
    const second = startDatabaseService({ pools: { orders: pool } });
    await pool.query('SELECT 1');
    expect(first.named('SELECT')).toHaveLength(1);
    expect(second.named('SELECT')).toHaveLength(1);
  });
});
