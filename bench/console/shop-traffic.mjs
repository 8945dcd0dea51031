// Traffic of a shop as OTLP JSON, rich enough to judge the page by: nine services, databases, a cache, a queue, retries, a slow card lookup,
// one service whose clock is ahead, one whose spans are lost now and then, and log lines of all of them.
import { randomBytes } from 'node:crypto';

const versions = { 'order-service': '2.7.1', 'payment-service': '1.14.0', storefront: '5.0.3' };
/** How far the clock of a service is ahead, in milliseconds. */
const clocks = { 'fraud-service': 340 };
const hex = (bytes) => randomBytes(bytes).toString('hex');
const nanos = (ms) => String(BigInt(Math.round(ms * 1_000)) * 1_000n);
const anyValue = (value) =>
  typeof value === 'string'
    ? { stringValue: value }
    : typeof value === 'boolean'
      ? { boolValue: value }
      : Number.isInteger(value)
        ? { intValue: String(value) }
        : { doubleValue: value };
const attributesOf = (given) =>
  Object.entries(given).map(([key, value]) => ({ key, value: anyValue(value) }));

const kinds = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 };

/** Collects spans and lines, and sends them as each service would: one request for each service. */
export class Batch {
  #spans = new Map();
  #lines = new Map();

  /** Adds a span and returns it; its children are added with it as their parent. */
  span(
    service,
    name,
    startMs,
    ms,
    { parent, kind = 'internal', attributes = {}, error, events = [], links } = {},
  ) {
    const traceId = parent?.traceId ?? hex(16);
    const clock = clocks[service] ?? 0;
    const made = { traceId, spanId: hex(8), service, startMs, endMs: startMs + ms };
    const list = this.#spans.get(service) ?? [];
    this.#spans.set(service, list);
    list.push({
      traceId,
      spanId: made.spanId,
      ...(parent === undefined ? {} : { parentSpanId: parent.spanId }),
      name,
      kind: kinds[kind],
      startTimeUnixNano: nanos(startMs + clock),
      endTimeUnixNano: nanos(startMs + ms + clock),
      attributes: attributesOf(attributes),
      status: error === undefined ? {} : { code: 2, message: error },
      events: [
        ...events.map(([at, event, more = {}]) => ({
          timeUnixNano: nanos(startMs + at + clock),
          name: event,
          attributes: attributesOf(more),
        })),
        ...(error === undefined
          ? []
          : [
              {
                timeUnixNano: nanos(startMs + ms + clock),
                name: 'exception',
                attributes: attributesOf({
                  'exception.type': 'Error',
                  'exception.message': error,
                  'exception.stacktrace': `Error: ${error}\n    at charge (/srv/payment/cards.js:88:11)\n    at async /srv/payment/routes.js:31:18`,
                }),
              },
            ]),
      ],
      ...(links === undefined
        ? {}
        : { links: links.map((one) => ({ traceId: one.traceId, spanId: one.spanId })) }),
    });
    return made;
  }

  line(service, timeMs, severity, body, { span, attributes = {} } = {}) {
    const list = this.#lines.get(service) ?? [];
    this.#lines.set(service, list);
    list.push({
      timeUnixNano: nanos(timeMs + (clocks[service] ?? 0)),
      severityNumber: severity,
      severityText: ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'][Math.floor((severity - 1) / 4)],
      body: { stringValue: body },
      attributes: attributesOf(attributes),
      ...(span === undefined ? {} : { traceId: span.traceId, spanId: span.spanId }),
    });
  }

  /** Forgets what a service would have sent. */
  lose(service) {
    this.#spans.delete(service);
  }

  async send(endpoint) {
    const post = async (signal, body) => {
      const response = await fetch(`${endpoint}/v1/${signal}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(`${signal}: ${response.status} ${await response.text()}`);
      await response.arrayBuffer();
    };
    const resource = (service) => ({
      attributes: attributesOf({
        'service.name': service,
        'service.version': versions[service] ?? '1.0.0',
        'service.instance.id': `${service}-7d9f5c`,
        'deployment.environment.name': 'production',
        'host.name': `ip-10-0-3-${service.length}`,
        'process.runtime.name': 'nodejs',
        'process.runtime.version': '22.12.0',
        'telemetry.sdk.language': 'nodejs',
      }),
    });
    const scope = { name: 'golden-signals', version: '0.1.0' };
    for (const [service, spans] of this.#spans)
      for (let at = 0; at < spans.length; at += 2_000)
        await post('traces', {
          resourceSpans: [
            { resource: resource(service), scopeSpans: [{ scope, spans: spans.slice(at, at + 2_000) }] },
          ],
        });
    for (const [service, logRecords] of this.#lines)
      for (let at = 0; at < logRecords.length; at += 5_000)
        await post('logs', {
          resourceLogs: [
            {
              resource: resource(service),
              scopeLogs: [{ scope, logRecords: logRecords.slice(at, at + 5_000) }],
            },
          ],
        });
    this.#spans.clear();
    this.#lines.clear();
  }
}

const http = (method, route, status, path = route) => ({
  'http.request.method': method,
  'http.route': route,
  'url.path': path,
  'url.scheme': 'http',
  'http.response.status_code': status,
  'network.protocol.version': '1.1',
  'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
});
const call = (method, host, path, status) => ({
  'http.request.method': method,
  'url.full': `http://${host}:3000${path}`,
  'http.response.status_code': status,
  'server.address': host,
  'server.port': 3000,
});
const sql = (operation, table, text) => ({
  'db.system.name': 'postgresql',
  'db.namespace': 'shop',
  'db.operation.name': operation,
  'db.collection.name': table,
  'db.query.text': text,
  'server.address': 'shop-db',
  'server.port': 5432,
});
const redis = (operation, key) => ({
  'db.system.name': 'redis',
  'db.operation.name': operation,
  'db.query.text': `${operation} ${key}`,
  'server.address': 'cache',
  'server.port': 6379,
});
const jitter = (ms) => ms * (0.6 + Math.random() ** 3 * 1.6);

/** POST /orders through seven services. `slow` has the card lookup wait; `failed` has the bank refuse. */
export function order(batch, at, { slow = false, failed = false, lost = false } = {}) {
  const id = 10_000 + Math.floor(Math.random() * 80_000);
  const lookup = slow ? 3_000 + Math.random() * 900 : jitter(18);
  const wait = slow ? 400 + Math.random() * 200 : jitter(1);
  const total = 95 + lookup + wait + (failed ? 120 : 0);
  const status = failed ? 502 : 201;
  const root = batch.span('storefront', 'POST /checkout', at, total + 14, {
    kind: 'server',
    attributes: { ...http('POST', '/checkout', failed ? 502 : 200), 'enduser.id': `u-${id % 977}` },
    ...(failed ? { error: 'order-service answered 502' } : {}),
  });
  const toOrder = batch.span('storefront', 'POST', at + 4, total + 6, {
    parent: root,
    kind: 'client',
    attributes: call('POST', 'order-service', '/orders', status),
    ...(failed ? { error: '502' } : {}),
  });
  const handling = batch.span('order-service', 'POST /orders', at + 6, total, {
    parent: toOrder,
    kind: 'server',
    attributes: { ...http('POST', '/orders', status), 'order.id': String(id), 'order.lines': 3 },
    ...(failed ? { error: 'payment failed: bank unavailable' } : {}),
  });
  batch.line('order-service', at + 7, 9, `order ${id} received`, {
    span: handling,
    attributes: { 'order.id': id, lines: 3 },
  });
  const toAuth = batch.span('order-service', 'GET', at + 8, 9, {
    parent: handling,
    kind: 'client',
    attributes: call('GET', 'auth-service', '/sessions/me', 200),
  });
  const auth = batch.span('auth-service', 'GET /sessions/me', at + 10, 6, {
    parent: toAuth,
    kind: 'server',
    attributes: http('GET', '/sessions/me', 200),
  });
  batch.span('auth-service', 'GET redis', at + 11, 2, {
    parent: auth,
    kind: 'client',
    attributes: redis('GET', `session:${id % 977}`),
  });
  for (let line = 0; line < 3; line += 1) {
    const from = at + 19 + line * 2;
    const toStock = batch.span('order-service', 'GET', from, 16 + line, {
      parent: handling,
      kind: 'client',
      attributes: call('GET', 'inventory-service', `/stock/${line}`, 200),
    });
    const stock = batch.span('inventory-service', 'GET /stock/:sku', from + 2, 12 + line, {
      parent: toStock,
      kind: 'server',
      attributes: http('GET', '/stock/:sku', 200, `/stock/${line}`),
    });
    batch.span('inventory-service', 'SELECT shop.stock', from + 4, 8, {
      parent: stock,
      kind: 'client',
      attributes: sql('SELECT', 'stock', 'SELECT sku, free FROM shop.stock WHERE sku = $1'),
    });
  }
  batch.span('order-service', 'INSERT shop.orders', at + 45, 14, {
    parent: handling,
    kind: 'client',
    attributes: sql('INSERT', 'orders', 'INSERT INTO shop.orders (id, customer, total) VALUES ($1, $2, $3)'),
  });
  const chargeAt = at + 62;
  const chargeMs = 24 + lookup + wait + (failed ? 120 : 0);
  const toPayment = batch.span('order-service', 'POST', chargeAt, chargeMs, {
    parent: handling,
    kind: 'client',
    attributes: call('POST', 'payment-service', `/payments/${id}/charge`, failed ? 503 : 200),
    ...(failed ? { error: '503' } : {}),
  });
  const charge = batch.span('payment-service', 'POST /payments/:id/charge', chargeAt + 2, chargeMs - 4, {
    parent: toPayment,
    kind: 'server',
    attributes: {
      ...http('POST', '/payments/:id/charge', failed ? 503 : 200, `/payments/${id}/charge`),
      'payment.provider': 'acquirer-2',
      'payment.amount': 129.9,
    },
    ...(failed ? { error: 'bank unavailable' } : {}),
  });
  const toFraud = batch.span('payment-service', 'POST', chargeAt + 3, 9, {
    parent: charge,
    kind: 'client',
    attributes: call('POST', 'fraud-service', '/score', 200),
  });
  batch.span('fraud-service', 'POST /score', chargeAt + 4, 7, {
    parent: toFraud,
    kind: 'server',
    attributes: { ...http('POST', '/score', 200), 'fraud.score': 0.07 },
  });
  if (lost) batch.lose('fraud-service');
  batch.span('payment-service', 'wait for connection', chargeAt + 13, wait, {
    parent: charge,
    attributes: { 'db.client.connection.pool.name': 'cards' },
  });
  const cards = batch.span('payment-service', 'SELECT shop.cards', chargeAt + 13 + wait, lookup, {
    parent: charge,
    kind: 'client',
    attributes: sql('SELECT', 'cards', 'SELECT number, holder FROM shop.cards WHERE customer = $1'),
  });
  if (slow)
    batch.line('payment-service', chargeAt + 13 + wait + lookup, 13, 'card lookup slow', {
      span: cards,
      attributes: { table: 'cards', ms: Math.round(lookup) },
    });
  if (failed) {
    const bankAt = chargeAt + 14 + wait + lookup;
    for (let attempt = 1; attempt <= 3; attempt += 1)
      batch.span('payment-service', 'POST', bankAt + (attempt - 1) * 38, 30, {
        parent: charge,
        kind: 'client',
        attributes: {
          ...call('POST', 'bank.example', '/v2/charges', 503),
          'http.request.resend_count': attempt - 1,
        },
        error: '503',
        events: attempt === 3 ? [[29, 'golden_signals.breaker.opened', { host: 'bank.example' }]] : [],
      });
    batch.line('payment-service', bankAt + 112, 17, `charge of order ${id} failed: bank unavailable`, {
      span: charge,
      attributes: {
        'exception.type': 'BankError',
        'exception.stacktrace':
          'BankError: bank unavailable\n    at charge (/srv/payment/cards.js:88:11)\n    at async /srv/payment/routes.js:31:18',
      },
    });
  } else {
    const sent = batch.span('order-service', 'send orders.paid', chargeAt + chargeMs + 2, 3, {
      parent: handling,
      kind: 'producer',
      attributes: { 'messaging.system': 'kafka', 'messaging.destination.name': 'orders.paid' },
    });
    const mail = batch.span('notification-service', 'process orders.paid', chargeAt + chargeMs + 40, 31, {
      kind: 'consumer',
      links: [sent],
      attributes: { 'messaging.system': 'kafka', 'messaging.destination.name': 'orders.paid' },
    });
    batch.line('notification-service', chargeAt + chargeMs + 60, 9, `mail for order ${id} sent`, {
      span: mail,
    });
    batch.line('order-service', at + total, 9, `order ${id} paid in ${Math.round(total)} ms`, {
      span: handling,
    });
  }
  return root;
}

/** GET /products: a page of the catalogue that asks the cache for each product, one after the other. */
export function catalogue(batch, at, products = 24) {
  const each = 1.6 + Math.random();
  const ms = 30 + products * each;
  const root = batch.span('storefront', 'GET /products', at, ms + 6, {
    kind: 'server',
    attributes: http('GET', '/products', 200),
  });
  const toCatalog = batch.span('storefront', 'GET', at + 2, ms + 2, {
    parent: root,
    kind: 'client',
    attributes: call('GET', 'catalog-service', '/products', 200),
  });
  const list = batch.span('catalog-service', 'GET /products', at + 3, ms, {
    parent: toCatalog,
    kind: 'server',
    attributes: http('GET', '/products', 200),
  });
  batch.span('catalog-service', 'SELECT shop.products', at + 5, 12, {
    parent: list,
    kind: 'client',
    attributes: sql('SELECT', 'products', 'SELECT id FROM shop.products ORDER BY rank LIMIT $1'),
  });
  for (let index = 0; index < products; index += 1)
    batch.span('catalog-service', 'GET redis', at + 18 + index * each, each * 0.8, {
      parent: list,
      kind: 'client',
      attributes: redis('GET', `product:${index}`),
    });
  batch.line('catalog-service', at + ms, 5, `cache hit ${products} of ${products}`, { span: list });
  return root;
}

/** A nightly job of so many spans: stages of several services, batches in them, and repeated calls in each batch. */
export function nightly(batch, at, spans) {
  const stages = ['catalog-service', 'inventory-service', 'pricing-service', 'search-service'];
  const perBatch = 48;
  const batches = Math.max(1, Math.floor((spans - 1 - stages.length) / (perBatch + 2)));
  const each = 2;
  const batchMs = perBatch * each + 12;
  const perStage = Math.ceil(batches / stages.length);
  const root = batch.span('scheduler', 'nightly reindex', at, stages.length * perStage * batchMs + 100, {
    attributes: { 'job.name': 'reindex', 'job.attempt': 1 },
  });
  let made = 1;
  let clock = at + 20;
  for (const service of stages) {
    const stage = batch.span(service, `reindex ${service.split('-')[0]}`, clock, perStage * batchMs, {
      parent: root,
      kind: 'server',
      attributes: { 'job.stage': service },
    });
    made += 1;
    for (let index = 0; index < perStage && made < spans; index += 1) {
      const from = clock + index * batchMs;
      const isFailed = index % 17 === 11;
      const one = batch.span(service, `batch ${index}`, from, batchMs - 2, {
        parent: stage,
        attributes: { 'batch.index': index, 'batch.size': perBatch },
        ...(isFailed ? { error: 'two rows were rejected' } : {}),
      });
      made += 1;
      batch.span(service, `INSERT shop.${service.split('-')[0]}`, from + 98, 9, {
        parent: one,
        kind: 'client',
        attributes: sql('INSERT', 'index', 'INSERT INTO shop.index SELECT * FROM unnest($1::jsonb[])'),
      });
      made += 1;
      for (let item = 0; item < perBatch && made < spans; item += 1) {
        // Every third is another operation, so that siblings are not all alike.
        const isOdd = item % 3 === 2;
        batch.span(service, isOdd ? 'SELECT shop.rows' : 'GET redis', from + item * each, each * 0.9, {
          parent: one,
          kind: 'client',
          attributes: isOdd
            ? sql('SELECT', 'rows', 'SELECT * FROM shop.rows WHERE id = $1')
            : redis('GET', `row:${index}:${item}`),
        });
        made += 1;
      }
      if (isFailed) batch.line(service, from + 100, 13, `batch ${index} rejected 2 rows`, { span: one });
    }
    clock += perStage * batchMs;
  }
  return root;
}

const chatter = [
  (n) => ['order-service', 9, `order ${10_000 + n} received`],
  (n) => ['inventory-service', 5, `stock of sku-${n % 97} read from shop-db in ${1 + (n % 9)} ms`],
  (n) => ['auth-service', 9, `session u-${n % 977} refreshed`],
  (n) => ['catalog-service', 5, `cache hit ${n % 24} of 24`],
  (n) => [
    'payment-service',
    n % 40 === 4 ? 17 : 9,
    `charge ${n} ${n % 40 === 4 ? 'refused by bank' : 'accepted'}`,
  ],
  (n) => [
    'storefront',
    n % 60 === 5 ? 13 : 9,
    `GET /products ${n % 60 === 5 ? 'slow, ' : ''}${20 + (n % 70)} ms`,
  ],
];

/** So many log lines, spread over the time before `until`. */
export function chat(batch, until, count, overMs) {
  for (let index = 0; index < count; index += 1) {
    const n = Math.floor(Math.random() * 100_000);
    const [service, severity, body] = chatter[n % chatter.length](n);
    batch.line(service, until - overMs + (overMs * index) / count, severity, body, {
      attributes: { requestId: n.toString(36), 'thread.id': n % 4 },
    });
  }
}

/** Fills a console with the last `minutes`: an incident of slow cards in the last third, some failures, a lost service. */
export async function fill(endpoint, { minutes = 15, perMinute = 40, bigSpans = 10_000 } = {}) {
  const now = Date.now();
  const batch = new Batch();
  let big;
  for (let minute = minutes; minute > 0; minute -= 1) {
    for (let index = 0; index < perMinute; index += 1) {
      const at = now - minute * 60_000 + Math.random() * 55_000;
      if (index % 3 === 0) catalogue(batch, at, index % 30 === 0 ? 312 : 24);
      else
        order(batch, at, {
          slow: minute <= minutes / 3 && Math.random() < 0.12,
          failed: Math.random() < 0.04,
          lost: minute === 3 && index < 3,
        });
    }
    chat(batch, now - (minute - 1) * 60_000, 300, 60_000);
    if (minute === Math.ceil(minutes / 2) && bigSpans > 0)
      big = nightly(batch, now - minute * 60_000, bigSpans);
    await batch.send(endpoint);
  }
  return { big: big?.traceId };
}

/** Goes on until stopped: a few orders and so many lines a second. */
export function keepComing(endpoint, { linesPerSecond = 50, tracesPerSecond = 3 } = {}) {
  const batch = new Batch();
  let isSending = false;
  const timer = setInterval(async () => {
    if (isSending) return;
    isSending = true;
    const now = Date.now();
    for (let index = 0; index < tracesPerSecond; index += 1) {
      if (index % 3 === 0) catalogue(batch, now - 400);
      else order(batch, now - 400, { slow: Math.random() < 0.1, failed: Math.random() < 0.04 });
    }
    chat(batch, now, linesPerSecond, 1_000);
    await batch.send(endpoint).catch(() => undefined);
    isSending = false;
  }, 1_000);
  return () => clearInterval(timer);
}
