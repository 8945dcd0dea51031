// Takes orders, has the payment service charge them, and keeps them in memory.
// By itself: PORT=3000 PAYMENT_URL=http://127.0.0.1:3001 node examples/shop/order-service.mjs
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import express from 'express';
import { instrument } from 'golden-signals';
import { runUntilStopped } from './lifecycle.mjs';

const paymentUrl = process.env.PAYMENT_URL ?? 'http://127.0.0.1:3001';
const paymentTimeoutMs = 2_000;
const priceCents = new Map([
  ['espresso-cup', 1_450],
  ['filter-paper', 690],
  ['grinder', 12_900],
]);
const orders = new Map();

const app = express();
const signals = instrument(app, { service: 'order-service', ignore: ['/ready'] });
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
  orders.set(order.id, order);
  await reserveStock(order);
  order.status = await charge(order, card);
  res.status({ paid: 201, declined: 402, failed: 502 }[order.status]).json(order);
});

app.get('/orders/:id', (req, res) => {
  const order = orders.get(req.params.id);
  if (order === undefined) res.status(404).json({ error: 'no such order' });
  else res.json(order);
});

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
runUntilStopped(server, signals);

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

/** Stands for a database: a span of the service's own, under that of the request. */
function reserveStock({ items }) {
  return signals.tracer.startActiveSpan('reserve stock', async (span) => {
    span.setAttribute('shop.items', items.length);
    await wait(3);
    span.end();
  });
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
  } catch {
    return 'failed';
  }
}
