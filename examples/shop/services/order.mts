// Takes orders: reserves the goods at inventory, has payment charge the card, and keeps the order in PostgreSQL.
// By itself, on Node 22.18 and later: DATABASE_URL=postgres://... INVENTORY_URL=http://127.0.0.1:3002
// PAYMENT_URL=http://127.0.0.1:3003 node examples/shop/services/order.mts; before: node examples/shop/runner/typescript.mjs order
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { instrument, traceFields } from 'golden-signals';
import pg from 'pg';
import { pino } from 'pino';

interface Order {
  readonly sku: string;
  readonly quantity: number;
  readonly card: string;
}

type Answer = { readonly status: string; readonly code: number };

const { HOST = '127.0.0.1', PORT = '3001', DATABASE_URL: connectionString } = process.env;
const { INVENTORY_URL = 'http://127.0.0.1:3002', PAYMENT_URL = 'http://127.0.0.1:3003' } = process.env;
const log = pino({ mixin: traceFields });
const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 });
pool.on('error', (error) => log.error({ err: error }, 'a connection to the database broke'));

const app = express();
instrument(app, {
  service: 'order',
  pools: { orders: pool },
  breaker: { maxOpenMs: 10_000 },
  health: { startup: { schema: createSchema }, checks: { database: () => pool.query('SELECT 1') } },
  shutdown: { onShutdown: () => pool.end() },
});
app.use(express.json({ limit: '16kb' }));

app.post('/orders', async (req, res) => {
  const order: unknown = req.body;
  if (!isOrder(order)) {
    res.status(400).json({ error: 'an order is { sku, quantity from 1 to 99, card }' });
    return;
  }
  const id = randomUUID();
  try {
    await pool.query('INSERT INTO shop.orders (id, sku, quantity) VALUES ($1, $2, $3)', [
      id,
      order.sku,
      order.quantity,
    ]);
    const { status, code } = await fulfil(id, order);
    await pool.query('UPDATE shop.orders SET status = $2 WHERE id = $1', [id, status]);
    res.status(code).json({ id, status });
  } catch (error) {
    log.error({ err: error, order: id }, 'the order cannot be kept');
    res.status(503).set('retry-after', '5').json({ error: 'orders cannot be taken at the moment' });
  }
});

app.get('/orders/:id', async (req, res) => {
  const { rows } = await pool.query('SELECT * FROM shop.orders WHERE id::text = $1', [req.params.id]);
  res.status(rows.length > 0 ? 200 : 404).json(rows[0] ?? { error: 'no such order' });
});

const server = app.listen(Number(PORT), HOST, () => {
  log.info(`order listens on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

async function fulfil(id: string, { sku, quantity, card }: Order): Promise<Answer> {
  let reserved: Response;
  try {
    reserved = await post(`${INVENTORY_URL}/reservations`, { order: id, sku, quantity }, 1_000);
  } catch (error) {
    // Inventory is slow, or its circuit is open: the order is taken all the same, and somebody confirms it later.
    log.warn({ err: error, order: id }, 'inventory does not answer: the order is to be confirmed');
    return { status: 'to be confirmed', code: 202 };
  }
  if (reserved.status === 503) return { status: 'to be confirmed', code: 202 };
  if (!reserved.ok) return { status: 'out of stock', code: 409 };
  const { amountCents } = (await reserved.json()) as { amountCents: number };
  try {
    const charged = await post(`${PAYMENT_URL}/payments/${id}/charge`, { amountCents, card }, 6_000);
    if (charged.ok) return { status: 'paid', code: 201 };
    if (charged.status === 402) return { status: 'declined', code: 402 };
    log.error({ order: id, answer: charged.status }, 'payment could not charge the card');
  } catch (error) {
    log.error({ err: error, order: id }, 'payment does not answer');
  }
  return { status: 'payment failed', code: 502 };
}

function post(url: string, body: unknown, timeoutMs: number): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  });
}

function isOrder(body: unknown): body is Order {
  const { sku, quantity, card } = (body ?? {}) as Partial<Order>;
  const isCount = Number.isInteger(quantity) && Number(quantity) >= 1 && Number(quantity) <= 99;
  return typeof sku === 'string' && typeof card === 'string' && isCount;
}

async function createSchema(): Promise<void> {
  await pool.query(`BEGIN; SELECT pg_advisory_xact_lock(1); CREATE SCHEMA IF NOT EXISTS shop;
    CREATE TABLE IF NOT EXISTS shop.orders (id uuid PRIMARY KEY, sku text NOT NULL, quantity int NOT NULL,
      status text NOT NULL DEFAULT 'new'); COMMIT`);
}
