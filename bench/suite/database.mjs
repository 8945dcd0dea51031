import { createRequire } from 'node:module';

const { Client } = createRequire(new URL('./apps/', import.meta.url))('pg');

/** Makes the table that the service reads. */
export async function createOrders(connectionString) {
  const client = new Client({ connectionString });
  await client.connect();
  await client.query('CREATE TABLE orders (id integer PRIMARY KEY, total_cents integer NOT NULL)');
  await client.query('INSERT INTO orders SELECT n, 100 * n FROM generate_series(0, 99) AS n');
  await client.end();
}
