import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPool } from 'generic-pool';
import { describe, expect, onTestFinished, test } from 'vitest';
import { COPIES, loadCopy } from '../client/support/undici.js';
import { startDatabaseService } from '../database/support/service.js';

const count = 'db.client.connection.count';

describe('a pool that says itself how it is', () => {
  test('is asked at each collection', async () => {
    const now = { used: 3, idle: 1, pending: 2, max: 4 };
    const service = startDatabaseService({ pools: { workers: { stats: () => now } } });
    expect(await service.points(count)).toEqual([
      {
        value: 3,
        attributes: { 'db.client.connection.pool.name': 'workers', 'db.client.connection.state': 'used' },
      },
      {
        value: 1,
        attributes: { 'db.client.connection.pool.name': 'workers', 'db.client.connection.state': 'idle' },
      },
    ]);
    expect(await service.value('db.client.connection.limit')).toBe(4);
    expect(await service.value('db.client.connection.pending_requests')).toBe(2);
    now.used = 4;
    expect(await service.value(count, 'used')).toBe(4);
  });

  test('is not written into', async () => {
    const pool = Object.freeze({ stats: () => ({ used: 1, idle: 0 }) });
    const service = startDatabaseService({ pools: { workers: pool } });
    service.signals.pool('workers', pool);
    expect(Reflect.ownKeys(pool)).toEqual(['stats']);
    expect(await service.value(count, 'used')).toBe(1);
  });

  test('has no maximum where it names none, and nothing where it says nonsense or throws', async () => {
    const service = startDatabaseService({
      pools: {
        open: { stats: () => ({ used: 1, idle: 0 }) },
        nonsense: { stats: () => ({ used: 'many', idle: Number.NaN }) },
        broken: {
          stats() {
            throw new Error('no');
          },
        },
      },
    });
    expect(await service.points('db.client.connection.limit')).toEqual([]);
    const names = (await service.points(count)).map(
      ({ attributes }) => attributes['db.client.connection.pool.name'],
    );
    expect(new Set(names)).toEqual(new Set(['open']));
  });
});

describe('a pool of generic-pool', () => {
  test('says how full it is, how long one waits, and for what', async () => {
    const pool = createPool({ create: async () => ({}), destroy: async () => {} }, { max: 1, min: 0 });
    onTestFinished(async () => {
      await pool.drain();
      await pool.clear();
    });
    const service = startDatabaseService({ pools: { workers: pool } });
    const worker = await pool.acquire();
    const waiting = service.asCaller(() => pool.acquire());
    expect(await service.value(count, 'used')).toBe(1);
    expect(await service.value('db.client.connection.limit')).toBe(1);
    expect(await service.value('db.client.connection.pending_requests')).toBe(1);
    await pool.release(worker);
    const { id, result } = await waiting;
    await pool.release(result);
    expect(service.named('workers connection wait')).toMatchObject([{ parentSpanContext: { spanId: id } }]);
    expect(await service.value('db.client.connection.wait_time')).toBe(2);
    expect(await service.value('db.client.connection.use_time')).toBe(2);
    expect(await service.value(count, 'idle')).toBe(1);
  });

  test('tells what it made from what it handed on, whoever was to have it', async () => {
    const makers: (() => void)[] = [];
    const pool = createPool(
      {
        create: () => new Promise<object>((resolve) => makers.push(() => resolve({}))),
        destroy: async () => {},
      },
      { max: 2 },
    );
    const service = startDatabaseService({ pools: { workers: pool } });
    const first = pool.acquire();
    makers[0]?.();
    const worker = await first;
    const burst = Array.from({ length: 3 }, () => pool.acquire());
    // The second is being made for the first of them, which gets what is given back before that.
    await pool.release(worker);
    const second = await (burst[0] as Promise<object>);
    makers[1]?.();
    const third = await (burst[1] as Promise<object>);
    await pool.release(second);
    await pool.release(third);
    await pool.release(await (burst[2] as Promise<object>));
    await pool.release(await pool.acquire());
    expect([second === worker, third === worker]).toEqual([true, false]);
    expect(service.spans.map(({ name }) => name.split(' ').at(-1))).toEqual([
      'create',
      'wait',
      'create',
      'wait',
    ]);
    expect(await service.value('db.client.connection.create_time')).toBe(2);
  });

  test('that makes some in advance has a caller wait for them', async () => {
    const makers: (() => void)[] = [];
    const pool = createPool(
      {
        create: () => new Promise<object>((resolve) => makers.push(() => resolve({}))),
        destroy: async () => {},
      },
      { max: 3, min: 2 },
    );
    const service = startDatabaseService({ pools: { workers: pool } });
    const asked = pool.acquire();
    expect(makers).toHaveLength(2);
    for (const make of makers) make();
    await pool.release(await asked);
    expect(service.named('workers connection wait')).toHaveLength(1);
    expect(service.named('workers connection create')).toEqual([]);
  });

  test('counts who gave up', async () => {
    const pool = createPool(
      { create: async () => ({}), destroy: async () => {} },
      { max: 1, acquireTimeoutMillis: 1 },
    );
    const service = startDatabaseService({ pools: { workers: pool } });
    const worker = await pool.acquire().catch(() => undefined);
    const before = (await service.value('db.client.connection.timeouts')) ?? 0;
    await expect(pool.acquire()).rejects.toThrow();
    expect(await service.value('db.client.connection.timeouts')).toBe(before + 1);
    if (worker !== undefined) await pool.release(worker);
  });
});

/** A server that answers when it is told to. */
async function startServer() {
  const waiting: http.ServerResponse[] = [];
  const server = http.createServer((_req, res) => void waiting.push(res));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async asked(requests: number) {
      while (waiting.length < requests) await new Promise((resolve) => setImmediate(resolve));
    },
    answer() {
      for (const res of waiting.splice(0)) res.end('ok');
    },
  };
}

describe('the sockets of an agent', () => {
  const origin = (port: number, name: string) => ({
    'server.address': '127.0.0.1',
    'server.port': port,
    'golden_signals.pool.name': name,
  });

  test('of http are told of by origin, with their maximum', async () => {
    const { port, asked, answer } = await startServer();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
    onTestFinished(() => agent.destroy());
    const service = startDatabaseService({ pools: { payments: agent } });
    const ask = () =>
      new Promise<void>((resolve) => {
        http.get({ host: '127.0.0.1', port, agent }, (res) => res.resume().on('end', resolve));
      });
    const all = [ask(), ask(), ask()];
    await asked(2);
    const attributes = origin(port, 'payments');
    expect(await service.points('http.client.open_connections')).toEqual([
      { value: 2, attributes: { ...attributes, 'http.connection.state': 'active' } },
      { value: 0, attributes: { ...attributes, 'http.connection.state': 'idle' } },
    ]);
    expect(await service.points('golden_signals.http.client.connection.max')).toEqual([
      { value: 2, attributes },
    ]);
    expect(await service.points('golden_signals.http.client.pending_requests')).toEqual([
      { value: 1, attributes },
    ]);
    answer();
    await asked(1);
    answer();
    await Promise.all(all);
    expect(await service.points(count)).toEqual([]);
  });

  test.each(COPIES)('of %s are told of by origin', async (name) => {
    const { port, asked, answer } = await startServer();
    const undici = await loadCopy(name);
    for (const dispatcher of [
      new undici.Agent({ connections: 2 }),
      new undici.Pool(`http://127.0.0.1:${port}`, { connections: 2 }),
    ]) {
      const service = startDatabaseService({
        pools: { [`${name} ${dispatcher.constructor.name}`]: dispatcher },
      });
      const all = [1, 2].map(async () => {
        const { body } = await undici.request(`http://127.0.0.1:${port}/`, { dispatcher });
        await body.text();
      });
      await asked(2);
      const points = await service.points('http.client.open_connections');
      expect(points.map(({ value }) => value)).toEqual([2, 0]);
      expect(
        (await service.points('golden_signals.http.client.connection.max')).map(({ value }) => value),
      ).toEqual([2]);
      answer();
      await Promise.all(all);
      await dispatcher.close();
      expect(await service.points('http.client.open_connections')).toEqual([]);
      await service.signals.shutdown();
    }
  });
});

describe('what is no pool', () => {
  test.each([
    ['an object of no known kind', {}],
    ['a map', new Map()],
    ['null', null],
    ['a function', () => {}],
  ])('is an error that says what is taken: %s', (_what, pool) => {
    const accepted =
      /option pools\.orders must be a pg\.Pool or pg\.Client, a mysql2 pool or connection, .* \{ stats\(\) \}, got /;
    expect(() => startDatabaseService({ pools: { orders: pool as object } })).toThrow(accepted);
    const service = startDatabaseService();
    expect(() => service.signals.pool('orders', pool as object)).toThrow(accepted);
  });

  test.each(['', 'x'.repeat(101)])('is a name of %s', (name) => {
    const service = startDatabaseService();
    expect(() => service.signals.pool(name, { stats: () => ({ used: 0, idle: 0 }) })).toThrow(
      /1 to 100 characters/,
    );
  });

  test('is a list', () => {
    expect(() => startDatabaseService({ pools: [] as never })).toThrow(/option pools must be an object/);
  });
});
