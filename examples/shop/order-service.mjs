// Takes orders, has the payment service charge them, and keeps them in PostgreSQL.
// By itself: DATABASE_URL=postgres://... PORT=3000 PAYMENT_URL=http://127.0.0.1:3001 node examples/shop/order-service.mjs
import { randomUUID } from 'node:crypto';
import express from 'express';
import { instrument, traceFields } from 'golden-signals';
import pg from 'pg';
import { pino } from 'pino';
import { runUntilStopped } from './lifecycle.mjs';

const paymentUrl = process.env.PAYMENT_URL ?? 'http://127.0.0.1:3001';
const paymentTimeoutMs = 2_000;
const priceCents = new Map([
  ['espresso-cup', 1_450],
  ['filter-paper', 690],
  ['grinder', 12_900],
]);
// Each line says of which trace it is.
const log = pino({ level: process.env.LOG_LEVEL ?? 'info', mixin: traceFields });
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
pool.on('error', (error) => log.error(error, 'a connection to the database broke'));

const app = express();
const signals = instrument(app, {
  service: 'order-service',
  ignore: ['/ready'],
  pools: { orders: pool },
  metrics: { prometheus: {} },
});
app.use(express.json({ limit: '16kb' }));

app.get('/ready', (_req, res) => {
  res.json({ status: 'ready' });
});

app.post('/orders', async (req, res) => {
  const problem = problemIn(req.body);
  if (problem !== undefined) {
    res.status(400).json({ error: problem });
    return;
  }
  const { items, card } = req.body;
  const order = { id: randomUUID(), items, amountCents: totalOf(items), status: 'pending' };
  await pool.query('INSERT INTO shop.orders (id, items, amount_cents, status) VALUES ($1, $2, $3, $4)', [
    order.id,
    JSON.stringify(items),
    order.amountCents,
    order.status,
  ]);
  order.status = await charge(order, card);
  await pool.query('UPDATE shop.orders SET status = $2 WHERE id = $1', [order.id, order.status]);
  res.status({ paid: 201, declined: 402, failed: 502 }[order.status]).json(order);
});

app.get('/orders/:id', async (req, res) => {
  const { rows } = await pool.query(
    'SELECT id, items, amount_cents AS "amountCents", status FROM shop.orders WHERE id::text = $1',
    [req.params.id],
  );
  if (rows.length === 0) res.status(404).json({ error: 'no such order' });
  else res.json(rows[0]);
});

await prepareDatabase();
const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
runUntilStopped(server, signals).then(() => pool.end());

function problemIn(body) {
  if (!Array.isArray(body?.items) || body.items.length === 0) return 'items must be a list of at least one';
  for (const { sku, quantity } of body.items) {
    if (!priceCents.has(sku)) return `no such item: ${String(sku).slice(0, 40)}`;
    if (!Number.isInteger(quantity) || quantity < 1 || quantity > 99) return 'quantity must be 1 to 99';
  }
  return typeof body.card === 'string' ? undefined : 'card must be a string';
}

function totalOf(items) {
  return items.reduce((sum, { sku, quantity }) => sum + priceCents.get(sku) * quantity, 0);
}

/** The table, and connections that are open before the first order comes. */
async function prepareDatabase() {
  await pool.query('CREATE SCHEMA IF NOT EXISTS shop');
  await pool.query(
    'CREATE TABLE IF NOT EXISTS shop.orders (id uuid PRIMARY KEY, items jsonb NOT NULL, amount_cents int NOT NULL, status text NOT NULL)',
  );
  await Promise.all(Array.from({ length: 4 }, () => pool.query('SELECT 1')));
}

/** Nothing here speaks of tracing: fetch takes the trace along. */
async function charge({ id, amountCents }, card) {
  try {
    const response = await fetch(`${paymentUrl}/payments/${id}/charge`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ amountCents, currency: 'EUR', card }),
      signal: AbortSignal.timeout(paymentTimeoutMs),
    });
    const { status } = await response.json();
    if (response.ok || response.status === 402) return status;
    return 'failed';
  } catch (error) {
    log.warn({ order: id, err: error }, 'the payment service could not be asked');
    return 'failed';
  }
}
