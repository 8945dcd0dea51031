// A service of a small shop, in a process of its own: NAME=web|orders|payments|catalog, UPSTREAMS=name=url,... Faults come by POST /fault.
import { SpanKind } from '@opentelemetry/api';
import express from 'express';
import genericPool from 'generic-pool';
import { instrument, traceFields } from 'golden-signals';
import { pino } from 'pino';

const { NAME, UPSTREAMS = '' } = process.env;
const upstreams = new Map(
  UPSTREAMS.split(',')
    .filter((pair) => pair !== '')
    .map((pair) => pair.split('=')),
);
const fault = { slowMs: 0, failShare: 0, blockMs: 0 };
const pool = genericPool.createPool(
  { create: async () => ({}), destroy: async () => undefined },
  { max: 10, min: 0 },
);
const log = pino({ level: 'info', mixin: traceFields }, pino.destination('/dev/null'));
const app = express();
const signals = instrument(app, {
  service: `${NAME}-service`,
  ignore: ['/fault'],
  pools: { [NAME]: pool },
});
app.use(express.json());

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** Most are quick, some are slow. */
const around = (ms) => ms * (0.6 + Math.random() * 0.6 + (Math.random() < 0.03 ? 3 : 0));

/** A statement over a connection of the pool, as an instrumented database client traces it. */
async function query(summary, ms) {
  const connection = await pool.acquire();
  const [operation, collection] = summary.split(' ');
  const options = {
    kind: SpanKind.CLIENT,
    attributes: {
      'db.system.name': 'postgresql',
      'db.namespace': 'shop',
      'db.operation.name': operation,
      'db.collection.name': collection,
      'db.query.summary': summary,
      'db.query.text': `${operation} * FROM ${collection} WHERE id = $1`,
      'server.address': '127.0.0.1',
      'server.port': 5432,
    },
  };
  try {
    await signals.tracer.startActiveSpan(summary, options, async (span) => {
      await wait(ms);
      span.end();
    });
  } finally {
    await pool.release(connection);
  }
}

async function call(name, path, method = 'GET') {
  const response = await fetch(`${upstreams.get(name)}${path}`, {
    method,
    signal: AbortSignal.timeout(8_000),
  });
  await response.arrayBuffer();
  if (response.status >= 500) throw new Error(`${name} answered ${response.status}`);
}

const routes = {
  web() {
    app.get('/', async (_req, res) => {
      await call('catalog', '/items');
      res.send('shop');
    });
    app.get('/items/:id', async (req, res) => {
      await call('catalog', `/items/${req.params.id}`);
      res.json({});
    });
    app.post('/checkout', async (_req, res) => {
      await Promise.all([call('catalog', '/items/7'), call('orders', '/orders', 'POST')]);
      res.status(201).json({});
    });
  },
  orders() {
    app.post('/orders', async (_req, res) => {
      await query('INSERT shop.orders', around(6));
      log.info({ order: Math.floor(Math.random() * 1e6) }, 'order taken');
      await call('payments', `/payments/${Math.floor(Math.random() * 1e6)}/charge`, 'POST');
      await query('UPDATE shop.orders', around(4));
      res.status(201).json({});
    });
    app.get('/orders/:id', async (_req, res) => {
      await query('SELECT shop.orders', around(5));
      res.json({});
    });
  },
  payments() {
    app.post('/payments/:id/charge', async (req, res) => {
      if (Math.random() < fault.failShare) {
        log.error({ payment: req.params.id, provider: 'acme' }, 'the card provider refused the connection');
        res.status(503).json({ error: 'the card provider does not answer' });
        return;
      }
      await query('SELECT shop.cards', around(12) + fault.slowMs);
      if (fault.slowMs > 0) log.warn({ table: 'shop.cards', ms: fault.slowMs }, 'card lookup slow');
      await query('INSERT shop.payments', around(5));
      res.json({ status: 'paid' });
    });
  },
  catalog() {
    app.get('/items', async (_req, res) => {
      await query('SELECT shop.items', around(8));
      res.json([]);
    });
    app.get('/items/:id', async (_req, res) => {
      await query('SELECT shop.items', around(3));
      res.json({});
    });
  },
};
routes[NAME]();

app.post('/fault', (req, res) => {
  Object.assign(fault, req.body);
  if (fault.blockMs > 0) {
    const end = Date.now() + fault.blockMs;
    while (Date.now() < end);
    fault.blockMs = 0;
  }
  res.json(fault);
});
app.use((error, _req, res, _next) => {
  log.error({ err: error }, 'the request failed');
  res.status(502).json({ error: error.message });
});

const server = app.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('disconnect', () => process.exit(0));
