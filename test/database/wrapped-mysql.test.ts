import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type * as Mysql from 'mysql2';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startDatabaseService } from './support/service.js';

const load = async (library: string) => ((await import(library)) as { default: typeof Mysql }).default;

interface ServerConnection {
  sequenceId: number;
  serverHandshake(options: object): void;
  writeOk(result: object): void;
  writeError(error: object): void;
  on(event: 'query', listener: (sql: string) => void): void;
  on(event: 'error', listener: () => void): void;
}

/** mysql2's own server: an error for what fails, else that all went well. */
async function startServer(): Promise<number> {
  const mysql = (await load('mysql2')) as unknown as {
    createServer(onConnection: (connection: ServerConnection) => void): {
      listen(port: number, host: string): void;
      close(): void;
      _server: import('node:net').Server;
    };
  };
  const server = mysql.createServer((connection) => {
    connection.serverHandshake({
      protocolVersion: 10,
      serverVersion: 'test',
      connectionId: 1,
      statusFlags: 2,
      characterSet: 8,
      capabilityFlags: 0xffffff & ~(1 << 11) & ~(1 << 15),
      authCallback(_params: unknown, done: (...answer: null[]) => void) {
        done(null, null);
        connection.sequenceId = 0;
      },
    });
    connection.on('error', () => {});
    connection.on('query', (sql) => {
      connection.sequenceId = 1;
      if (sql.includes('nowhere')) connection.writeError({ message: 'no such table', code: 1146 });
      else connection.writeOk({ affectedRows: 1 });
      connection.sequenceId = 0;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server._server, 'listening');
  onTestFinished(() => server.close());
  return (server._server.address() as AddressInfo).port;
}

describe.each(['mysql2-3-11', 'mysql2'])('a pool of %s that is handed over', (library) => {
  test('tells of each query once, in every form', async () => {
    const port = await startServer();
    const pool = (await load(library)).createPool({ host: '127.0.0.1', port, user: 'u', database: 'shop' });
    onTestFinished(() => pool.end());
    const service = startDatabaseService({ pools: { orders: pool } });
    const { id } = await service.asCaller(async () => {
      await pool.promise().query('UPDATE orders SET status = ?', ['hunter2']);
      await new Promise((resolve) => pool.query('DELETE FROM orders', resolve));
      await expect(pool.promise().query('DELETE FROM nowhere')).rejects.toThrow('no such table');
      const query = pool.query('UPDATE orders SET a = 1');
      await once(query, 'end');
    });
    const told = service.spans.filter(({ attributes }) => attributes['db.system.name'] === 'mysql');
    expect(told.map(({ name }) => name)).toEqual([
      'UPDATE orders',
      'DELETE orders',
      'DELETE nowhere',
      'UPDATE orders',
    ]);
    expect(new Set(told.map(({ parentSpanContext }) => parentSpanContext?.spanId))).toEqual(new Set([id]));
    expect(told[0]?.attributes).toMatchObject({
      'db.namespace': 'shop',
      'db.query.text': 'UPDATE orders SET status = ?',
      'server.port': port,
    });
    expect(told[2]?.attributes).toMatchObject({ 'error.type': '1146' });
    expect(JSON.stringify(told.map(({ attributes }) => attributes))).not.toContain('hunter2');
  });
});
