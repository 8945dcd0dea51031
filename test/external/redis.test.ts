import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startDatabaseService } from '../database/support/service.js';
import { type Program, startRedis } from './support/program.js';

let server: Program;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server?.stop());

/** What the two clients have in common, as these tests use them. */
interface Client {
  get(key: string): Promise<unknown>;
  set(key: string, value: string): Promise<unknown>;
  wrong(key: string): Promise<unknown>;
  batch(key: string): Promise<unknown>;
}

async function startIoredis(): Promise<Client> {
  const client = new Redis({ port: server.port, host: '127.0.0.1', db: 2 });
  onTestFinished(() => void client.disconnect());
  await client.ping();
  return {
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    wrong: (key) => client.lpush(key, 'hunter2'),
    batch: (key) => client.multi().set(key, 'hunter2').get(key).exec(),
  };
}

async function startNodeRedis(): Promise<Client> {
  const client = createClient({ socket: { port: server.port, host: '127.0.0.1' }, database: 2 });
  await client.connect();
  onTestFinished(() => client.destroy());
  await client.ping();
  return {
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    wrong: (key) => client.lPush(key, 'hunter2'),
    batch: (key) => client.multi().set(key, 'hunter2').get(key).exec(),
  };
}

describe.each([
  ['ioredis', startIoredis],
  ['node-redis', startNodeRedis],
])('a command of %s', (_name, startClient) => {
  test('is a CLIENT span under that of the caller, without anything handed over', async () => {
    const client = await startClient();
    const service = startDatabaseService();
    const { id } = await service.asCaller(async () => {
      await client.set('session:s3cret', 'hunter2');
      expect(await client.get('session:s3cret')).toBe('hunter2');
    });
    const own = service.spans.filter(({ kind }) => kind === SpanKind.CLIENT);
    expect(own).toMatchObject([
      {
        name: 'SET',
        parentSpanContext: { spanId: id },
        attributes: {
          'db.system.name': 'redis',
          'db.namespace': '2',
          'db.operation.name': 'SET',
          'db.query.text': 'SET ? ?',
          'server.address': '127.0.0.1',
          'server.port': server.port,
        },
      },
      { name: 'GET', attributes: { 'db.query.text': 'GET ?' }, status: { code: SpanStatusCode.UNSET } },
    ]);
    const said = JSON.stringify(own.map(({ attributes }) => attributes));
    expect(said).not.toContain('s3cret');
    expect(said).not.toContain('hunter2');
  });

  test('is measured, with the prefix of its error where it failed', async () => {
    const client = await startClient();
    const service = startDatabaseService();
    await client.set('text', 'x');
    await expect(client.wrong('text')).rejects.toThrow('WRONGTYPE');
    expect(service.named('LPUSH')).toMatchObject([
      {
        status: { code: SpanStatusCode.ERROR },
        attributes: { 'error.type': 'WRONGTYPE', 'db.response.status_code': 'WRONGTYPE' },
      },
    ]);
    const points = await service.points('db.client.operation.duration');
    expect(points.map(({ attributes }) => attributes['db.operation.name']).sort()).toEqual(['LPUSH', 'SET']);
  });

  test('in a transaction is part of one span', async () => {
    const client = await startClient();
    const service = startDatabaseService();
    await service.asCaller(() => client.batch('text'));
    const own = service.spans.filter(({ kind }) => kind === SpanKind.CLIENT);
    expect(own.map(({ name }) => name)).toEqual(['MULTI']);
    expect(own[0]?.attributes).toMatchObject({ 'db.operation.name': 'MULTI', 'db.operation.batch.size': 2 });
  });

  test('is nobody’s business once the service has ended', async () => {
    const client = await startClient();
    const service = startDatabaseService();
    await service.signals.shutdown();
    await client.get('text');
    expect(service.named('GET')).toEqual([]);
  });
});
