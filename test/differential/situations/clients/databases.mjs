// pg, mysql2 and ioredis against servers that speak just enough: answers, errors, and a server that goes away.
import { createServer } from 'node:net';

export const ends = true;

/** A Redis that knows PING, SET, GET and closes on QUIT. */
const redis = () =>
  createServer((socket) => {
    const kept = new Map();
    socket.on('error', () => {});
    socket.on('data', (data) => {
      for (const command of String(data).split(/(?=\*\d+\r\n\$)/)) {
        const [name = '', key, value] = command.split('\r\n').filter((_, nth) => nth > 0 && nth % 2 === 0);
        if (/set/i.test(name) && key !== undefined && value !== undefined && /^set$/i.test(name)) {
          kept.set(key, value);
          socket.write('+OK\r\n');
        } else if (/^get$/i.test(name)) {
          const found = kept.get(key);
          socket.write(found === undefined ? '$-1\r\n' : `$${found.length}\r\n${found}\r\n`);
        } else if (/^ping$/i.test(name)) socket.write('+PONG\r\n');
        else if (/^quit$/i.test(name)) socket.end('+OK\r\n');
        else if (/^info$/i.test(name)) socket.write('$9\r\nloading:0\r\n');
        else socket.write(`-ERR unknown command '${name}'\r\n`);
      }
    });
  });

export async function service({ instrument, observe, errorOf, shapeOf }) {
  const { default: pg } = await import('pg');
  const { default: mysql } = await import('mysql2/promise');
  const { Redis } = await import('ioredis');
  const server = redis();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const pool = new pg.Pool({ host: '127.0.0.1', port: 1, max: 2 });
  await instrument();
  const client = new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: 1, retryStrategy: () => null });
  observe('set', await client.set('a', '1'));
  observe('pipeline', await client.pipeline().get('a').get('b').exec());
  observe('unknown', await client.call('NONSENSE').catch(errorOf));
  observe('redis', shapeOf(client).keys);
  await client.quit();
  observe('ended', await client.get('a').catch(errorOf));
  observe('pg refused', await pool.query('SELECT 1').catch(errorOf));
  observe(
    'pg callback',
    await new Promise((resolve) => pool.query('SELECT 1', (error) => resolve(errorOf(error)))),
  );
  observe('pool', [pool.totalCount, pool.idleCount, pool.waitingCount, Object.keys(pool)]);
  await pool.end();
  observe('pg ended', await pool.query('SELECT 1').catch(errorOf));
  observe('mysql refused', await mysql.createConnection({ host: '127.0.0.1', port: 1 }).catch(errorOf));
  const sqlPool = mysql.createPool({ host: '127.0.0.1', port: 1 });
  observe('mysql pool', await sqlPool.query('SELECT 1').catch(errorOf));
  await sqlPool.end();
  server.close();
}
