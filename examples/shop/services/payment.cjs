// Charges cards by a card provider, and keeps what was paid.
// By itself: DATABASE_URL=postgres://... PORT=3003 CARD_PROVIDER_URL=http://127.0.0.1:3009 node examples/shop/services/payment.cjs
const express = require('express');
const { instrument, traceFields } = require('golden-signals');
const pg = require('pg');
const { pino } = require('pino');

const {
  HOST = '127.0.0.1',
  PORT = '3003',
  DATABASE_URL: connectionString,
  CARD_PROVIDER_URL = 'http://127.0.0.1:3009',
} = process.env;
const log = pino({ mixin: traceFields });
const pool = new pg.Pool({ connectionString, max: 40, connectionTimeoutMillis: 5_000 });
pool.on('error', (error) => log.error({ err: error }, 'a connection to the database broke'));

const app = express();
instrument(app, {
  service: 'payment',
  pools: { payments: pool },
  health: { startup: { schema: createSchema }, checks: { database: () => pool.query('SELECT 1') } },
  // The balancer before it asks every half second whether it is ready.
  shutdown: { delayMs: 1_500, onShutdown: () => pool.end() },
});
app.use(express.json({ limit: '16kb' }));

app.post('/payments/:order/charge', async (req, res) => {
  const { amountCents, card } = req.body;
  const answer = await fetch(`${CARD_PROVIDER_URL}/authorizations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': req.params.order },
    body: JSON.stringify({ amountCents, card }),
    signal: AbortSignal.timeout(3_000),
  });
  const { isApproved, error } = await answer.json();
  if (!answer.ok) {
    log.error({ order: req.params.order, answer: answer.status }, `the card provider failed: ${error}`);
    res.status(502).json({ error: 'the card provider failed' });
    return;
  }
  const status = isApproved ? 'authorized' : 'declined';
  // A charge that is repeated must not be kept twice.
  await pool.query(
    `INSERT INTO shop.payments (order_id, amount_cents, status) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
    [req.params.order, amountCents, status],
  );
  res.status(isApproved ? 200 : 402).json({ order: req.params.order, status });
});

const server = app.listen(Number(PORT), HOST, () => {
  log.info(`payment listens on http://127.0.0.1:${server.address().port}`);
});

async function createSchema() {
  await pool.query(`BEGIN; SELECT pg_advisory_xact_lock(1); CREATE SCHEMA IF NOT EXISTS shop;
    CREATE TABLE IF NOT EXISTS shop.payments (order_id uuid PRIMARY KEY, amount_cents int NOT NULL,
      status text NOT NULL, at timestamptz NOT NULL DEFAULT now());
    CREATE INDEX IF NOT EXISTS payments_to_settle ON shop.payments (at) WHERE status = 'authorized'; COMMIT`);
}
