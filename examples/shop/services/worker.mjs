// Settles payments that are authorized: no server, but a heartbeat, which stops when the work makes no progress.
// By itself: DATABASE_URL=postgres://... node examples/shop/services/worker.mjs
import { setTimeout as wait } from 'node:timers/promises';
import { instrument, traceFields } from 'golden-signals';
import pg from 'pg';
import { pino } from 'pino';

const log = pino({ mixin: traceFields });
const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: 2,
  connectionTimeoutMillis: 5_000,
});
pool.on('error', (error) => log.error({ err: error }, 'a connection to the database broke'));
const stopping = new AbortController();

const signals = instrument({
  service: 'worker',
  pools: { settlements: pool },
  heartbeat: { intervalMs: 2_000, progressWindowMs: 20_000 },
  shutdown: { onDrain: () => stopping.abort(), onShutdown: () => pool.end() },
});

log.info('worker settles payments');
while (!stopping.signal.aborted) {
  await signals.tracer.startActiveSpan('settle payments', settle);
  await wait(1_000, undefined, { signal: stopping.signal }).catch(() => {});
}

async function settle(span) {
  try {
    const { rowCount } = await pool.query(
      `UPDATE shop.payments SET status = 'settled' WHERE order_id IN (SELECT order_id FROM shop.payments
         WHERE status = 'authorized' AND at < now() - interval '2 s' ORDER BY at LIMIT 100 FOR UPDATE SKIP LOCKED)`,
    );
    span.setAttribute('shop.settled', rowCount);
    signals.heartbeat.progress();
  } catch (error) {
    span.recordException(error);
    log.error({ err: error }, 'payments cannot be settled');
  } finally {
    span.end();
  }
}
