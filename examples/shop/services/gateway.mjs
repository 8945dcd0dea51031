// The way in: hands orders to the order service, and searches to the product service.
// By itself: PORT=3000 ORDER_URL=http://127.0.0.1:3001 PRODUCT_URL=http://127.0.0.1:3004 node examples/shop/services/gateway.mjs
import express from 'express';
import { instrument, traceFields } from 'golden-signals';
import { pino } from 'pino';

const {
  HOST = '127.0.0.1',
  PORT = '3000',
  ORDER_URL = 'http://127.0.0.1:3001',
  PRODUCT_URL = 'http://127.0.0.1:3004',
} = process.env;
const timeoutMs = 8_000;
const log = pino({ mixin: traceFields });

const app = express();
instrument(app, { service: 'gateway', breaker: { maxOpenMs: 10_000 } });

app.post('/orders', express.raw({ type: 'application/json', limit: '16kb' }), forwardTo(ORDER_URL));
app.get('/orders/:id', forwardTo(ORDER_URL));
app.get('/products', forwardTo(PRODUCT_URL));

const server = app.listen(Number(PORT), HOST, () => {
  log.info(`gateway listens on http://127.0.0.1:${server.address().port}`);
});

function forwardTo(upstream) {
  return async (req, res) => {
    let response;
    try {
      response = await fetch(upstream + req.originalUrl, {
        method: req.method,
        signal: AbortSignal.timeout(timeoutMs),
        ...(req.method === 'POST' && { headers: { 'content-type': 'application/json' }, body: req.body }),
      });
      res.status(response.status);
      const body = await response.text();
      for (const name of ['content-type', 'retry-after']) {
        if (response.headers.has(name)) res.set(name, response.headers.get(name));
      }
      res.send(body);
    } catch (error) {
      // An open circuit is a 503 with Retry-After by itself.
      if (error.code === 'ERR_CIRCUIT_OPEN') throw error;
      log.error({ err: error }, `${req.method} ${req.path} got no answer`);
      res
        .status(error.name === 'TimeoutError' ? 504 : 502)
        .json({ error: 'no answer from the service behind' });
    }
  };
}
