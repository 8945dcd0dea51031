import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import type * as Ioredis from 'ioredis';
import type * as NodeRedis from 'redis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startDatabaseService } from '../database/support/service.js';
import { type Program, startRedis } from './support/program.js';
import { operationsOf, toldOf } from './support/told.js';

/** Loaded by name: the types of the versions differ. */
const older: string = 'ioredis-5-4';

let server: Program;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server?.stop());

/** A client that is to be handed over, and what these tests ask it. */
interface Handed {
  readonly client: object;
  set(key: string, value: string): Promise<unknown>;
  get(key: string): Promise<unknown>;
  /** All of the kinds of operation that this library's versions have in common, one after the other. */
  everything(): Promise<void>;
  /** Fails with WRONGTYPE for a key that holds text. */
  push(key: string): Promise<unknown>;
}

async function startIoredis(library: string): Promise<Handed> {
  const { default: Redis } = (await import(library)) as typeof Ioredis;
  const client = new Redis({ port: server.port, host: '127.0.0.1', db: 2 });
  onTestFinished(() => void client.disconnect());
  await client.ping();
  return {
    client,
    set: (key, value) => client.set(key, value),
    get: (key) => client.get(key),
    push: (key) => client.lpush(key, 'hunter2'),
    async everything() {
      await client.set('text', 'hunter2');
      expect(await client.get('text')).toBe('hunter2');
      expect(
        await new Promise((resolve, reject) => {
          client.get('text', (error, value) => (error ? reject(error) : resolve(value)));
        }),
      ).toBe('hunter2');
      await expect(client.lpush('text', 'x')).rejects.toThrow('WRONGTYPE');
      await client.del('text', 'b', 'c');
      expect(await client.mset('a', '1', 'b', '2', 'c', '3', 'd', '4', 'e', '5')).toBe('OK');
      expect(await client.pipeline().get('a').get('b').exec()).toEqual([
        [null, '1'],
        [null, '2'],
      ]);
      expect(await client.multi().set('a', 'hunter2').get('a').exec()).toEqual([
        [null, 'OK'],
        [null, 'hunter2'],
      ]);
      expect(await client.multi([['get', 'a']]).exec()).toEqual([[null, 'hunter2']]);
      expect(
        await new Promise((resolve, reject) => {
          client
            .multi()
            .get('a')
            .get('b')
            .exec((error, value) => (error ? reject(error) : resolve(value)));
        }),
      ).toEqual([
        [null, 'hunter2'],
        [null, '2'],
      ]);
      await expect(client.multi().call('nonsense').exec()).rejects.toThrow('EXECABORT');
      expect(await client.call('echo', 'hunter2')).toBe('hunter2');
      expect(await client.getBuffer('b')).toEqual(Buffer.from('2'));
      expect(await client.ping()).toBe('PONG');
    },
  };
}

async function startNodeRedis(library: string): Promise<Handed> {
  const { createClient } = (await import(library)) as typeof NodeRedis;
  const client = createClient({ url: `redis://127.0.0.1:${server.port}/2` });
  await client.connect();
  onTestFinished(() => void client.disconnect());
  await client.ping();
  return {
    client,
    set: (key, value) => client.set(key, value),
    get: (key) => client.get(key),
    push: (key) => client.lPush(key, 'hunter2'),
    async everything() {
      await client.set('text', 'hunter2');
      expect(await client.get('text')).toBe('hunter2');
      expect(await client.GET('text')).toBe('hunter2');
      await expect(client.lPush('text', 'x')).rejects.toThrow('WRONGTYPE');
      await client.del(['text', 'b', 'c']);
      expect(await client.mSet(['a', '1', 'b', '2', 'c', '3', 'd', '4', 'e', '5'])).toBe('OK');
      expect(await client.multi().get('a').get('b').execAsPipeline()).toEqual(['1', '2']);
      expect(await client.multi().set('a', 'hunter2').get('a').exec()).toEqual(['OK', 'hunter2']);
      expect(await client.multi().get('a').exec()).toEqual(['hunter2']);
      expect(await client.sendCommand(['ECHO', 'hunter2'])).toBe('hunter2');
      await expect(client.sendCommand(['LPUSH', 'a', 'b'])).rejects.toThrow('WRONGTYPE');
      expect(await client.ping()).toBe('PONG');
    },
  };
}

const wrapped = [
  ['ioredis4', startIoredis, 'ioredis'],
  ['ioredis-5-4', startIoredis, 'ioredis'],
  ['redis4', startNodeRedis, 'redis'],
  ['redis-5-8', startNodeRedis, 'redis'],
] as const;
const publishing = [
  ['ioredis', startIoredis],
  ['redis', startNodeRedis],
] as const;

describe.each(wrapped)('a client of %s that is handed over', (library, startClient, telling) => {
  test('tells the same of what it is asked as one that tells of it itself', async () => {
    const clients = [await startClient(library), await startClient(telling)];
    const told = [];
    for (const { client, everything } of clients) {
      const service = startDatabaseService({ pools: { cache: client } });
      told.push(await toldOf(service, everything));
      await service.signals.shutdown();
    }
    const [ours, theirs] = told;
    expect(ours?.operations.length).toBeGreaterThan(10);
    expect(ours).toEqual(theirs);
    expect(JSON.stringify(ours)).not.toContain('hunter2');
  });

  test('is wrapped by itself: its class, and its other clients, are as they were', async () => {
    const [first, second] = [await startClient(library), await startClient(library)];
    const classOf = ({ client }: Handed) =>
      (client as { readonly _self?: object })._self?.constructor ?? client.constructor;
    const before = Object.getOwnPropertyDescriptors(classOf(first).prototype);
    const service = startDatabaseService();
    service.signals.pool('cache', first.client);
    await first.set('a', '1');
    expect(service.named('SET')).toHaveLength(1);
    await second.set('a', '2');
    expect(service.named('SET')).toHaveLength(1);
    expect(Object.getOwnPropertyDescriptors(classOf(first).prototype)).toEqual(before);
  });

  test('is seen once, however often it is handed over, also to a second service after the first', async () => {
    const { client, set } = await startClient(library);
    const first = startDatabaseService({ pools: { cache: client } });
    first.signals.pool('cache', client);
    first.signals.pool('other', client);
    await set('a', '1');
    expect(first.named('SET')).toHaveLength(1);
    await first.signals.shutdown();
    await set('a', '2');
    const second = startDatabaseService({ pools: { cache: client } });
    await set('a', '3');
    expect(first.named('SET')).toHaveLength(1);
    expect(second.named('SET')).toHaveLength(1);
    expect(await second.value('db.client.operation.duration')).toBe(1);
  });

  test('tells nothing where tracing is suppressed', async () => {
    const { client, set, get } = await startClient(library);
    const service = startDatabaseService({ pools: { cache: client } });
    await set('a', '1');
    expect(await context.with(suppressTracing(context.active()), () => get('a'))).toBe('1');
    expect(service.named('GET')).toEqual([]);
    expect(await service.value('db.client.operation.duration')).toBe(1);
  });

  test('has nothing to show of a pool', async () => {
    const { client, set } = await startClient(library);
    const service = startDatabaseService({ pools: { cache: client } });
    await set('a', '1');
    expect(await service.points('db.client.connection.count')).toEqual([]);
  });

  test('leaves a rejection that nobody handles to the process', async () => {
    const fixture = join(__dirname, 'fixtures/unhandled.cjs');
    const { stdout } = await promisify(execFile)(process.execPath, [fixture, library, String(server.port)]);
    expect(stdout.trim().split('\n')).toEqual(['WRONGTYPE', 'WRONGTYPE']);
  });

  test('answers as before where telemetry fails', async () => {
    const { client, set, get, push } = await startClient(library);
    const service = startDatabaseService({
      pools: { cache: client },
      traces: {
        processors: [
          {
            onStart() {
              throw new Error('no');
            },
            onEnd() {
              throw new Error('no');
            },
            forceFlush: async () => {},
            shutdown: async () => {},
          },
        ],
      },
    });
    await service.asCaller(async () => {
      await set('a', '1');
      expect(await get('a')).toBe('1');
      await expect(push('a')).rejects.toThrow('WRONGTYPE');
    });
  });
});

describe.each(publishing)('a client of %s that tells of its commands itself', (library, startClient) => {
  test('counts once when it is handed over as well, from its first command on', async () => {
    const { client, set, get } = await startClient(library);
    const service = startDatabaseService({ pools: { cache: client } });
    const { id } = await service.asCaller(async () => {
      await set('a', '1');
      await get('a');
    });
    expect(operationsOf(service.spans, id)).toMatchObject([
      { name: 'SET', isUnderCaller: true },
      { name: 'GET', isUnderCaller: true },
    ]);
    const points = await service.points('db.client.operation.duration');
    expect(points.map(({ value }) => value)).toEqual([1, 1]);
  });
});

describe('what a library asks by itself', () => {
  test.each([
    ['ioredis', startIoredis],
    ['ioredis-5-4', startIoredis],
    ['redis', startNodeRedis],
  ] as const)(
    'begins no trace with %s while it connects outside of every span',
    async (library, startClient) => {
      const service = startDatabaseService();
      const { client, set } = await startClient(library);
      service.signals.pool('cache', client);
      await set('a', '1');
      expect(operationsOf(service.spans, undefined).map(({ name }) => name)).toEqual(['SET']);
    },
  );

  test('is seen when an ioredis client that was handed over connects, only within a span', async () => {
    const { default: Redis } = (await import(older)) as typeof Ioredis;
    const options = { port: server.port, host: '127.0.0.1', lazyConnect: true, db: 3 };
    const [first, second] = [new Redis(options), new Redis(options)];
    onTestFinished(() => {
      first.disconnect();
      second.disconnect();
    });
    const service = startDatabaseService({ pools: { first, second } });
    await first.set('a', '1');
    expect(service.spans.map(({ name }) => name)).toEqual(['SET']);
    await service.asCaller(() => second.get('a'));
    const names = service.spans.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['SELECT', 'INFO', 'GET']));
  });
});

describe('a client of ioredis', () => {
  test('is under its caller also where it waits for the first connection', async () => {
    const { default: Redis } = (await import(older)) as typeof Ioredis;
    const client = new Redis({ port: server.port, host: '127.0.0.1' });
    onTestFinished(() => void client.disconnect());
    const service = startDatabaseService({ pools: { cache: client } });
    const { id } = await service.asCaller(() => client.set('a', '1'));
    const [set] = operationsOf(service.spans, id).filter(({ name }) => name === 'SET');
    expect(set).toMatchObject({ isUnderCaller: true, status: 0 });
    expect(service.named('SET')).toHaveLength(1);
  });

  test.each(['ioredis-5-4', 'ioredis'])('of %s for a cluster tells of each command once', async (library) => {
    const node = await startRedis('cluster');
    onTestFinished(() => node.stop());
    const { default: Redis, Cluster } = (await import(library)) as typeof Ioredis;
    const direct = new Redis({ port: node.port, host: '127.0.0.1' });
    await direct.call('cluster', 'addslotsrange', '0', '16383');
    while (!String(await direct.call('cluster', 'info')).includes('cluster_state:ok'))
      await new Promise((resolve) => setImmediate(resolve));
    direct.disconnect();
    const cluster = new Cluster([{ port: node.port, host: '127.0.0.1' }]);
    onTestFinished(() => void cluster.disconnect());
    await cluster.ping();
    const service = startDatabaseService({ pools: { cache: cluster } });
    const { id } = await service.asCaller(async () => {
      await cluster.set('a', '1');
      await cluster.get('a');
      await expect(cluster.lpush('a', 'b')).rejects.toThrow('WRONGTYPE');
      await cluster.pipeline().get('a').get('a').exec();
    });
    const told = operationsOf(service.spans, id);
    expect(told.map(({ name }) => name)).toEqual(['SET', 'GET', 'LPUSH', 'GET', 'GET']);
    expect(new Set(told.map(({ isUnderCaller }) => isUnderCaller))).toEqual(new Set([true]));
    expect(told[2]?.attributes).toMatchObject({ 'error.type': 'WRONGTYPE' });
  });
});

test('a view of a client of node-redis 5 is the client', async () => {
  const { createClient } = (await import('redis-5-8')) as unknown as typeof NodeRedis;
  const client = createClient({ socket: { port: server.port, host: '127.0.0.1' } });
  await client.connect();
  onTestFinished(() => void client.disconnect());
  const service = startDatabaseService({ pools: { cache: client.withTypeMapping({}) } });
  service.signals.pool('again', client);
  await client.set('a', '1');
  await client.withTypeMapping({}).get('a');
  await client.withTypeMapping({}).multi().get('a').get('a').exec();
  expect(service.spans.map(({ name }) => name)).toEqual(['SET', 'GET', 'MULTI']);
});

describe('a client of node-redis 4', () => {
  test('tells of commands by the name that Redis has for them, and of no argument', async () => {
    const { createClient } = (await import('redis4')) as unknown as typeof NodeRedis;
    const client = createClient({ socket: { port: server.port, host: '127.0.0.1' } });
    await client.connect();
    onTestFinished(() => void client.disconnect());
    const service = startDatabaseService({ pools: { cache: client } });
    const { id } = await service.asCaller(async () => {
      await client.set('a', 'hunter2', { EX: 10 });
      await client.hSet('h', { user: 'hunter2', other: 'x' });
      await client.clientGetName();
      await client.zAdd('z', { score: 1, value: 'hunter2' });
      await client.zRangeWithScores('z', 0, -1);
      await client.json.set('j', '$', 'hunter2').catch(() => {});
      const isolated = client as unknown as {
        executeIsolated(run: (one: typeof client) => Promise<unknown>): Promise<unknown>;
        commandOptions(options: object): object;
        get(options: object, key: string): Promise<unknown>;
      };
      await isolated.executeIsolated((one) => one.get('a'));
      await isolated.get(isolated.commandOptions({ isolated: true }), 'a');
      await client.eval('return 1', { keys: [], arguments: ['hunter2'] });
    });
    const told = operationsOf(service.spans, id).map(({ attributes }) => attributes['db.query.text']);
    expect(told).toEqual([
      'SET ? ? …',
      'HSET ? …',
      'CLIENT …',
      'ZADD ? …',
      'ZRANGE ? ? ? …',
      'JSON.SET ? ? ?',
      'GET ?',
      'GET ? …',
      'EVAL ? …',
    ]);
    expect(JSON.stringify(service.spans.map(({ attributes }) => attributes))).not.toContain('hunter2');
  });
});
