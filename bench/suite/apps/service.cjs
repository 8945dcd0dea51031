const express = require('express');
const { Pool } = require('pg');
const { destination, pino } = require('pino');

/** A service as they are: a request in, a query, a call to another service, a line in the log. */
exports.createApp = async function createApp({ databaseUrl, upstreamUrl }) {
  const log = pino(destination('/dev/null'));
  const pool = new Pool({ connectionString: databaseUrl, max: 10 });
  const app = express();
  app.use(express.json());
  return {
    app,
    routes() {
      app.get('/api/orders/:id', async (req, res) => {
        const { rows } = await pool.query('SELECT id, total_cents FROM orders WHERE id = $1', [
          Number(req.params.id) % 100,
        ]);
        const payment = await fetch(`${upstreamUrl}/payments/${req.params.id}`);
        const { status } = await payment.json();
        log.info({ order: req.params.id, status }, 'order read');
        res.json({ id: req.params.id, status, totalCents: rows[0].total_cents });
      });
    },
    listen(done) {
      const server = app.listen(0, '127.0.0.1', () => done(server.address().port));
    },
  };
};
