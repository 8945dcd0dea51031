// Trace requests as an order and a payment service send them: three spans of each trace in each, with ids and times that are written anew.
import { randomFillSync } from 'node:crypto';

const text = (value) => Buffer.from(value, 'utf8');

function varint(value) {
  const bytes = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

const field = (number, bytes) => Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
const number = (at, value) => Buffer.concat([varint(at * 8), varint(value)]);
const fixed64 = (at) => Buffer.concat([varint(at * 8 + 1), Buffer.alloc(8)]);

const value = (given) => (typeof given === 'string' ? field(1, text(given)) : number(3, given));
const attribute = ([key, given]) => field(9, Buffer.concat([field(1, text(key)), field(2, value(given))]));

/** A span with room for what changes, and where that stands in it. */
function span({ name, kind, attributes }) {
  const parts = [
    field(1, Buffer.alloc(16)),
    field(2, Buffer.alloc(8)),
    field(4, Buffer.alloc(8)),
    field(5, text(name)),
    number(6, kind),
    fixed64(7),
    fixed64(8),
    ...Object.entries(attributes).map(attribute),
    field(15, number(3, 0)),
  ];
  const own = Buffer.concat(parts);
  const at = (index) => parts.slice(0, index).reduce((sum, part) => sum + part.length, 0);
  return {
    bytes: own,
    places: { trace: at(0) + 2, span: at(1) + 2, parent: at(2) + 2, start: at(5) + 1, end: at(6) + 1 },
    order: own.indexOf('00000000'),
  };
}

const shapes = (pair) => ({
  order: [
    {
      name: 'POST /orders/:id',
      kind: 2,
      attributes: {
        'http.request.method': 'POST',
        'url.path': '/orders/00000000',
        'url.scheme': 'http',
        'http.route': '/orders/:id',
        'http.response.status_code': 201,
        'network.protocol.version': '1.1',
        'server.address': `order-${pair}`,
        'server.port': 3000,
        'client.address': '10.0.0.17',
        'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
      },
    },
    {
      name: 'INSERT shop.orders',
      kind: 3,
      attributes: {
        'db.system.name': 'postgresql',
        'db.namespace': 'shop',
        'db.operation.name': 'INSERT',
        'db.query.text': 'INSERT INTO shop.orders (id, customer, total) VALUES ($1, $2, $3) /* 00000000 */',
        'server.address': 'db',
        'server.port': 5432,
      },
    },
    {
      name: 'POST',
      kind: 3,
      attributes: {
        'http.request.method': 'POST',
        'url.full': `http://payment-${pair}:3001/payments/00000000/charge`,
        'http.response.status_code': 200,
        'server.address': `payment-${pair}`,
        'server.port': 3001,
      },
    },
  ],
  payment: [
    {
      name: 'POST /payments/:id/charge',
      kind: 2,
      attributes: {
        'http.request.method': 'POST',
        'url.path': '/payments/00000000/charge',
        'url.scheme': 'http',
        'http.route': '/payments/:id/charge',
        'http.response.status_code': 200,
        'network.protocol.version': '1.1',
        'server.address': `payment-${pair}`,
        'server.port': 3001,
        'client.address': '10.0.0.18',
      },
    },
    { name: 'wait for connection', kind: 1, attributes: { 'db.client.connection.pool.name': 'cards' } },
    {
      name: 'SELECT shop.cards',
      kind: 3,
      attributes: {
        'db.system.name': 'postgresql',
        'db.namespace': 'shop',
        'db.operation.name': 'SELECT',
        'db.query.text': 'SELECT number, holder FROM shop.cards WHERE id = $1 /* 00000000 */',
        'server.address': 'db',
        'server.port': 5432,
      },
    },
  ],
});

function template(service, spans, traces) {
  const resource = field(
    1,
    Buffer.concat(
      Object.entries({
        'service.name': service,
        'service.version': '1.4.2',
        'service.instance.id': `${service}-7d9f5c`,
        'telemetry.sdk.language': 'nodejs',
        'process.pid': 4242,
      }).map(([key, given]) => field(1, Buffer.concat([field(1, text(key)), field(2, value(given))]))),
    ),
  );
  const scope = field(1, Buffer.concat([field(1, text('golden-signals')), field(2, text('0.1.0'))]));
  const chunks = [scope];
  const items = [];
  let length = scope.length;
  for (let trace = 0; trace < traces; trace += 1) {
    for (const one of spans) {
      const made = span(one);
      const head = Buffer.concat([varint(2 * 8 + 2), varint(made.bytes.length)]);
      items.push({ at: length + head.length, ...made.places, order: made.order });
      chunks.push(head, made.bytes);
      length += head.length + made.bytes.length;
    }
  }
  const scoped = Buffer.concat(chunks);
  const bytes = field(1, Buffer.concat([resource, field(2, scoped)]));
  const offset = bytes.length - scoped.length;
  for (const item of items) item.at += offset;
  return { bytes, items };
}

/** Five pairs of services, and what makes their next requests; each has `traces` traces. */
export function createRequests(traces = 170) {
  const pairs = [1, 2, 3, 4, 5].map((pair) => {
    const { order, payment } = shapes(pair);
    return {
      order: template(`order-${pair}`, order, traces),
      payment: template(`payment-${pair}`, payment, traces),
    };
  });
  const ids = Buffer.alloc(traces * (16 + 6 * 8));
  let count = 0;

  function write({ bytes, items }, offset, nowNs) {
    for (const [index, item] of items.entries()) {
      const trace = Math.floor(index / 3);
      const own = index % 3;
      const base = trace * 64;
      const id = (place) => base + 16 + 8 * place;
      ids.copy(bytes, item.at + item.trace, base, base + 16);
      ids.copy(bytes, item.at + item.span, id(offset + own), id(offset + own) + 8);
      const isRoot = offset === 0 && own === 0;
      const parent = own > 0 ? offset : 2;
      if (isRoot) bytes.fill(0, item.at + item.parent, item.at + item.parent + 8);
      else ids.copy(bytes, item.at + item.parent, id(parent), id(parent) + 8);
      // One request in five hundred is slow.
      const ms = (count + trace) % 500 === 0 ? 4_000 : 5 + ((count + trace) % 97);
      const share = offset === 0 ? [1, 0.1, 0.7][own] : [0.6, 0.05, 0.4][own];
      const start = nowNs - BigInt(Math.round(ms * 1e6 * share));
      bytes.writeBigUInt64LE(start, item.at + item.start);
      bytes.writeBigUInt64LE(nowNs, item.at + item.end);
      if (item.order >= 0)
        bytes.write(String(count + trace).padStart(8, '0'), item.at + item.order, 'latin1');
    }
  }

  return {
    spansEach: 3 * traces,
    /** The next two requests; valid until the next call for the same pair. */
    next() {
      const { order, payment } = pairs[(count / traces) % pairs.length];
      randomFillSync(ids);
      const nowNs = BigInt(Date.now()) * 1_000_000n;
      write(order, 0, nowNs);
      write(payment, 3, nowNs);
      const traceId = ids.toString('hex', 0, 16);
      count += traces;
      return { bodies: [order.bytes, payment.bytes], traceId };
    },
  };
}
