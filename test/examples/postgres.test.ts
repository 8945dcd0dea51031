import { once } from 'node:events';
import { connect } from 'node:net';
import pg from 'pg';
import { expect, test } from 'vitest';
import { startPostgres } from '../support/postgres.js';

test('the PostgreSQL of the demo answers, and is gone when it was stopped', async () => {
  const postgres = await startPostgres();
  const client = new pg.Client(postgres.url);
  await client.connect();
  expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  await client.end();
  await postgres.stop();
  const [error] = await once(connect(postgres.port, '127.0.0.1'), 'error');
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
});
