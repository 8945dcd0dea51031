import type * as Ioredis from 'ioredis';
import type * as NodeRedis from 'redis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { commandsOf, countOf } from '../../src/database/node-redis-4-commands.js';
import { RedisStatements } from '../../src/database/redis-statement.js';
import { startRedisServer } from './support/redis-server.js';
import { startDatabaseService } from './support/service.js';

interface Client {
  readonly handed: object;
  set(key: string, value: string): Promise<unknown>;
  push(key: string): Promise<unknown>;
  transaction(): Promise<unknown>;
}

async function startIoredis(library: string, port: number): Promise<Client> {
  const { default: Redis } = (await import(library)) as typeof Ioredis;
  const client = new Redis({ port, host: '127.0.0.1' });
  client.on('error', () => {});
  onTestFinished(() => void client.disconnect());
  return {
    handed: client,
    set: (key, value) => client.set(key, value),
    push: (key) => client.lpush(key, 'x'),
    transaction: () => client.multi().set('a', 'b').get('a').exec(),
  };
}

async function startNodeRedis(library: string, port: number): Promise<Client> {
  const { createClient } = (await import(library)) as typeof NodeRedis;
  // An old server has no RESP 3, which the newest asks for, and no HELLO, by which the other ones would ask for 2.
  const protocol = library === 'redis' ? { RESP: 2 as const } : {};
  const client = createClient({ socket: { port, host: '127.0.0.1' }, ...protocol });
  client.on('error', () => {});
  await client.connect();
  onTestFinished(() => void client.disconnect());
  return {
    handed: client,
    set: (key, value) => client.set(key, value),
    push: (key) => client.lPush(key, 'x'),
    transaction: () => client.multi().set('a', 'b').get('a').exec(),
  };
}

describe.each([
  ['ioredis4', startIoredis],
  ['ioredis-5-4', startIoredis],
  ['ioredis', startIoredis],
  ['redis4', startNodeRedis],
  ['redis-5-8', startNodeRedis],
  ['redis', startNodeRedis],
] as const)('a client of %s that is handed over', (library, startClient) => {
  test('tells of each command once, and not of what it asks an old server by itself', async () => {
    const service = startDatabaseService();
    const { port, asked } = await startRedisServer();
    const client = await startClient(library, port);
    service.signals.pool('cache', client.handed);
    await client.set('a', 'b');
    const { id } = await service.asCaller(async () => {
      await expect(client.push('a')).rejects.toThrow('WRONGTYPE');
      await client.transaction();
    });
    expect(asked.slice(-4)).toEqual(['MULTI', 'SET', 'GET', 'EXEC']);
    const told = service.spans.slice(0, -1);
    expect(told.map(({ name }) => name)).toEqual(['SET', 'LPUSH', 'MULTI']);
    expect(told.slice(1).map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual([id, id]);
    expect(told[1]?.attributes).toMatchObject({ 'error.type': 'WRONGTYPE', 'server.port': port });
    expect(told[2]?.attributes).toMatchObject({ 'db.operation.batch.size': 2 });
    const counts = (await service.points('db.client.operation.duration')).map(({ value }) => value);
    expect(counts).toEqual([1, 1, 1]);
  });
});

describe('what telemetry says of a command of Redis', () => {
  const statements = new RedisStatements();

  test.each([
    ['get', 1, false, 'GET ?'],
    ['MSET', 8, false, 'MSET ? ? ? ? ? ? ? ?'],
    ['MSET', 9, false, 'MSET ? ? ? ? ? ? ? ? …'],
    ['MSET', 8, true, 'MSET ? ? ? ? ? ? ? ? …'],
    ['set', 2, true, 'SET ? ? …'],
    ['EVAL', 0, true, 'EVAL …'],
  ])('%s of %i, more: %s', (command, count, hasMore, text) => {
    expect(statements.of(command, count, hasMore)).toMatchObject({ text, operation: command.toUpperCase() });
    expect(statements.of(command, count, hasMore)).toBe(statements.of(command, count, hasMore));
  });

  test.each([
    ['client', 3, true],
    ['HELLO', 1, true],
    ['ping', 0, true],
    ['INFO', 0, true],
    ['INFO', 1, false],
    ['GET', 1, false],
    ['CLIENTS', 1, false],
  ])('%s of %i is what libraries ask by themselves: %s', (command, count, isHousekeeping) => {
    expect(statements.of(command, count).isHousekeeping).toBe(isHousekeeping);
  });
});

describe('the commands of a client of node-redis 4', () => {
  class Base {
    SET() {}
    set() {}
    CLIENT_GETNAME() {}
    clientGetName() {}
    SORT_RO() {}
    sortRo() {}
    MULTI() {}
    multi() {}
    QUIT() {}
    Multi = class {};
    connect() {}
  }

  test('are found under each of their names, those of modules too', () => {
    class Client extends Base {
      json: object = Object.create({ GET() {}, get() {} }, { self: { value: this } });
      other: object = { GET() {} };
    }
    const client = new Client();
    const commands = commandsOf(client);
    expect([...commands.keys()]).toEqual([client, client.json]);
    const found = [...commands.values()]
      .flat()
      .map(({ method, command, isWhole }) => [method, command, isWhole]);
    expect(found.sort()).toEqual(
      [
        ['CLIENT_GETNAME', 'CLIENT', false],
        ['GET', 'JSON.GET', true],
        ['SET', 'SET', true],
        ['SORT_RO', 'SORT_RO', true],
        ['clientGetName', 'CLIENT', false],
        ['get', 'JSON.GET', true],
        ['set', 'SET', true],
        ['sortRo', 'SORT_RO', true],
      ].sort(),
    );
  });

  test.each([
    [['a', 1, Buffer.from('b')], 3, true],
    [['a', ['b', ['c', 'd']]], 4, true],
    [['a', undefined, null, new Date()], 2, true],
    [['a', { EX: 1 }], 1, false],
    [['a', [{ score: 1 }, 'b']], 2, false],
    [[new Map()], 0, false],
  ])('have as many arguments as can be told: %j', (args, count, isCounted) => {
    expect(countOf(args)).toEqual({ count, isCounted });
  });
});
