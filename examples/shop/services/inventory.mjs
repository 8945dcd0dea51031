// Knows what is in stock, and reserves it for orders.
// By itself: DATABASE_URL=postgres://... PORT=3002 node examples/shop/services/inventory.mjs
import fastify from 'fastify';
import { instrument } from 'golden-signals';
import pg from 'pg';

const { HOST = '127.0.0.1', PORT = '3002', DATABASE_URL: connectionString } = process.env;
const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 });

const app = fastify({ logger: true });
pool.on('error', (error) => app.log.error(error, 'a connection to the database broke'));
instrument(app, {
  service: 'inventory',
  pools: { stock: pool },
  logs: { correlate: true },
  health: { startup: { schema: createSchema }, checks: { database: () => pool.query('SELECT 1') } },
  shutdown: { onShutdown: () => pool.end() },
});

const body = {
  type: 'object',
  required: ['order', 'sku', 'quantity'],
  properties: {
    order: { type: 'string', format: 'uuid' },
    sku: { type: 'string', maxLength: 40 },
    quantity: { type: 'integer', minimum: 1, maximum: 99 },
  },
};

app.post('/reservations', { schema: { body } }, async (request, reply) => {
  const { order, sku, quantity } = request.body;
  const { rows } = await pool.query(
    `UPDATE shop.stock SET on_hand = on_hand - $2 WHERE sku = $1 AND on_hand >= $2
     RETURNING price_cents * $2 AS "amountCents"`,
    [sku, quantity],
  );
  if (rows.length > 0) return reply.code(201).send({ order, ...rows[0] });
  request.log.info({ order, sku }, 'out of stock');
  return reply.code(409).send({ error: 'out of stock' });
});

app.get('/stock/:sku', async (request, reply) => {
  const { rows } = await pool.query('SELECT * FROM shop.stock WHERE sku = $1', [request.params.sku]);
  return reply.code(rows.length > 0 ? 200 : 404).send(rows[0] ?? { error: 'no such item' });
});

await app.listen({ port: Number(PORT), host: HOST });

async function createSchema() {
  await pool.query(`BEGIN; SELECT pg_advisory_xact_lock(1); CREATE SCHEMA IF NOT EXISTS shop;
    CREATE TABLE IF NOT EXISTS shop.stock (sku text PRIMARY KEY, price_cents int NOT NULL, on_hand int NOT NULL);
    INSERT INTO shop.stock VALUES ('espresso-cup', 1450, 1000000), ('filter-paper', 690, 1000000),
      ('grinder', 12900, 1000000), ('samovar', 24900, 0) ON CONFLICT DO NOTHING; COMMIT`);
}
