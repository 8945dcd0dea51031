import { expect } from 'vitest';
import type { OtlpReceiver } from './otlp-receiver.js';

/** What stands around a `js` block of docs/ to make it a program: real packages, a real database, requests over the network. */
export interface DocsProgram {
  /** Makes what the block takes for granted. */
  readonly before: string;
  /** Uses what the block has made. An assertion that fails ends the program with an error. */
  readonly after: string;
  /** A text of the block that is known to no name server, and the expression that stands for it. */
  readonly replace?: readonly [string, string];
  /** What it says on standard error; nothing, unless this is given. */
  readonly warns?: RegExp;
  /** Judges what the program has printed and sent by the time it has ended. */
  readonly check?: (lines: readonly string[], receiver: OtlpReceiver) => void;
}

/** Every program can import this as `./around.mjs`. */
export const AROUND = `
import { once } from 'node:events';

export async function listen(app) {
  const server = app.listen(0);
  await once(server, 'listening');
  return 'http://127.0.0.1:' + server.address().port;
}

/** The entries of /health, once none of them waits for its first result. */
export async function checksOf(url) {
  for (;;) {
    const { checks } = await (await fetch(url + '/health')).json();
    if (Object.values(checks).flat().every(({ status }) => status !== undefined)) return checks;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
`;

const EXPRESS = `
import assert from 'node:assert/strict';
import express from 'express';
import { instrument } from 'golden-signals';
import { checksOf, listen } from './around.mjs';
const app = express();
`;

/** By document, language and number within the document. */
export const PROGRAMS: Readonly<Record<string, DocsProgram>> = {
  'breaker js 1': {
    before: EXPRESS,
    after: `
      const guarded = ['http://payment:8080/', 'http://reports.internal/'].map(async (url) => fetch(url).catch(() => {}));
      await Promise.all(guarded);
      assert.deepEqual(signals.breakers.all().map(({ name }) => name), ['payment:8080']);
    `,
  },
  'calls js 1': {
    before: `${EXPRESS}
      import { once } from 'node:events';
      import { createServer } from 'node:http';
      const upstream = createServer((req, res) => {
        if (req.url === '/7') res.end('{"left":3}');
        else upstream.emit('asked', res);
      });
      const upstreamUrl = await listen(upstream);
      const signals = instrument(app);
    `,
    replace: ['http://stock/', `\${upstreamUrl}/`],
    after: `
      const url = await listen(app);
      assert.deepEqual(await (await fetch(url + '/orders/7')).json(), { left: 3 });
      const giveUp = new AbortController();
      const asked = once(upstream, 'asked');
      const refused = assert.rejects(fetch(url + '/orders/8', { signal: giveUp.signal }), { name: 'AbortError' });
      const [response] = await asked;
      const given = once(response, 'close');
      giveUp.abort();
      await given;
      await refused;
    `,
  },
  'databases js 1': {
    before: `${EXPRESS}
      import pg from 'pg';
      const otherPool = new pg.Pool({ max: 3 });
    `,
    after: `
      app.get('/orders', async (req, res) => {
        const { rows } = await pool.query('select 7 as id');
        await otherPool.query('select 8 as id');
        res.json(rows);
      });
      assert.deepEqual(await (await fetch((await listen(app)) + '/orders')).json(), [{ id: 7 }]);
    `,
    check(_, receiver) {
      const [request] = receiver.spans().filter(({ kind }) => kind === 'SERVER');
      const queries = receiver.spans().filter(({ attributes }) => 'db.system.name' in attributes);
      expect(queries).toHaveLength(2);
      for (const query of queries)
        expect(query).toMatchObject({
          parentSpanId: request?.spanId,
          attributes: { 'db.system.name': 'postgresql', 'db.query.text': 'select ? as id' },
        });
      const sizes = receiver.metrics().filter(({ name }) => name === 'db.client.connection.limit');
      expect(
        new Map(
          sizes.map(({ attributes, ...point }) => [attributes['db.client.connection.pool.name'], point]),
        ),
      ).toMatchObject(
        new Map([
          ['orders', expect.objectContaining({ value: 10 })],
          ['reports', expect.objectContaining({ value: 3 })],
        ]),
      );
    },
  },
  'health js 1': {
    before: `${EXPRESS}
      import { mkdir } from 'node:fs/promises';
      import pg from 'pg';
      const pool = new pg.Pool();
      await mkdir('uploads', { recursive: true });
    `,
    after: `
      const checks = await checksOf(await listen(app));
      assert.equal(checks['disk:responseTime'][0].critical, true);
      for (const name of ['disk', 'database']) {
        const [{ status, output }] = checks[name + ':responseTime'];
        assert.deepEqual({ name, status, output }, { name, status: 'pass', output: undefined });
      }
    `,
  },
  'logs js 1': {
    before: `
      import assert from 'node:assert/strict';
      import fastify from 'fastify';
      import { instrument } from 'golden-signals';
    `,
    after: `
      app.get('/orders/:id', async (request) => {
        app.log.info('in the request');
        return { id: request.params.id };
      });
      const url = await app.listen({ port: 0, host: '127.0.0.1' });
      assert.deepEqual(await (await fetch(url + '/orders/7')).json(), { id: '7' });
    `,
    check: namesTheTraceOf('in the request', 'incoming request', 'request completed'),
  },
  'logs js 2': {
    before: `${EXPRESS} import pino from 'pino'; instrument(app);`,
    after: inARequest(`logger.info('in the request'); logger.child({ part: 1 }).info('of a child');`),
    check: namesTheTraceOf('in the request', 'of a child'),
  },
  'logs js 3': {
    before: `${EXPRESS} import winston from 'winston'; instrument(app);`,
    after: inARequest(`logger.info('in the request');`),
    check: namesTheTraceOf('in the request'),
  },
  'migrating js 1': {
    before: `${EXPRESS} const signals = instrument(app);`,
    after: `
      assert.equal((await fetch((await listen(app)) + '/orders', { method: 'POST' })).status, 201);
    `,
    check(_, receiver) {
      const [point] = receiver.metrics().filter(({ name }) => name === 'orders.placed');
      expect(point).toMatchObject({ value: 1, unit: '{order}', attributes: { channel: 'web' } });
    },
  },
  'migrating js 2': {
    before: `${EXPRESS}
      import { isCircuitOpenError } from 'golden-signals';
      const signals = instrument(app);
      let isWell = true;
      const terminal = {
        async charge(order, { signal }) {
          if (!isWell) throw new Error('the terminal is off');
          return { status: 'charged', order, isAborted: signal.aborted };
        },
      };
    `,
    after: `
      assert.deepEqual(await charge(7), { status: 'charged', order: 7, isAborted: false });
      isWell = false;
      for (let i = 0; i < 20; i += 1) await charge(8).catch(() => {});
      assert.deepEqual(await charge(9), { status: 'later' });
    `,
    warns: /^golden-signals warn: circuit card-terminal is open, failure-ratio: [^\n]*\n$/,
  },
  'migrating js 3': {
    before: `
      import assert from 'node:assert/strict';
      import { createServer } from 'node:http';
      import pg from 'pg';
      import { instrument } from 'golden-signals';
      import { checksOf, listen } from './around.mjs';
      const pool = new pg.Pool();
      const server = createServer((req, res) => res.end('ok'));
      pool.end = new Proxy(pool.end, { apply: (end, self, args) => (console.log('pool ended'), Reflect.apply(end, self, args)) });
    `,
    after: `
      const url = await listen(server);
      let entry;
      do {
        const { checks } = await (await fetch(url + '/healthcheck')).json();
        [entry] = checks['database:responseTime'];
      } while (entry.status === undefined);
      assert.equal(entry.status, 'pass');
    `,
    check: (lines) => expect(lines).toEqual(['pool ended']),
  },
  'prometheus js 1': {
    before: EXPRESS,
    after: `
      app.get('/orders/:id', (req, res) => res.json({ id: req.params.id }));
      const url = await listen(app);
      assert.equal((await fetch(url + '/orders/7')).status, 200);
      const scrape = await fetch(url + '/metrics', { headers: { accept: 'application/openmetrics-text' } });
      assert.equal(scrape.status, 200);
      console.log(await scrape.text());
    `,
  },
};

function inARequest(code: string): string {
  return `
    app.get('/orders/:id', (req, res) => {
      ${code}
      res.json({ id: req.params.id });
    });
    assert.deepEqual(await (await fetch((await listen(app)) + '/orders/7')).json(), { id: '7' });
  `;
}

/** Lines with these messages are there and name the trace of the one request that was served. */
function namesTheTraceOf(...messages: readonly string[]): NonNullable<DocsProgram['check']> {
  return (lines, receiver) => {
    const [request] = receiver.spans().filter(({ kind }) => kind === 'SERVER');
    const logged = lines
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
      .map(({ msg, message, trace_id, span_id }) => ({ text: msg ?? message, trace_id, span_id }));
    const ids = { trace_id: request?.traceId, span_id: request?.spanId };
    expect(ids.trace_id).toMatch(/^[0-9a-f]{32}$/);
    for (const text of messages) expect(logged).toContainEqual({ text, ...ids });
  };
}
