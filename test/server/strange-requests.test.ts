import * as http from 'node:http';
import express from 'express';
import fastify from 'fastify';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { instrument, type Options } from '../../src/index.js';
import { type Answer, send } from '../contract/support/client.js';
import { closerOf, listenOn } from '../contract/support/listening.js';
import { observe, type Telemetry, useCollector } from '../contract/support/service.js';

useCollector();

interface Served extends Telemetry {
  ask(path: string): Promise<Answer>;
}

async function serve(server: http.Server, target: unknown, options: Options = {}): Promise<Served> {
  const service = observe(instrument(target, options));
  onTestFinished(closerOf(server));
  const address = { port: await listenOn(server), scheme: 'http', protocol: '1.1' } as const;
  return { ...service, ask: (path) => send(address, { path }) };
}

function all<T>(ask: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: many }, (_, index) => ask(index)));
}

// More than any number of faults after which something might be given up.
const many = 101;

describe.each([
  { version: 5, load: () => express },
  { version: 4, load: () => require('express4') as typeof express },
])('express $version: req.route is the application’s own', ({ load }) => {
  function create(): express.Express {
    const app = load()();
    app.use((req, _res, next) => {
      const given: Record<string, unknown> = {
        null: null,
        text: 'orders',
        object: { path: '/given' },
        number: 7,
      };
      const { pre } = req.query;
      if (pre !== undefined) req.route = given[String(pre)];
      next();
    });
    app.get('/late/:kind', (req, res) => {
      const { kind } = req.params;
      if (kind === 'null') req.route = null;
      else if (kind === 'text') req.route = 'mine';
      else if (kind === 'delete') delete req.route;
      else if (kind === 'spread') req.route = { ...req.route, label: 'x' };
      res.json({ route: req.route?.path ?? typeof req.route, has: 'route' in req });
    });
    app.use((req, res) => {
      res.status(404).json({ route: req.route ?? typeof req.route, has: Object.hasOwn(req, 'route') });
    });
    return app;
  }

  test('answers are as without us, and telemetry goes on', async () => {
    const [bare, app] = [create(), create()];
    const bareServer = http.createServer(bare);
    onTestFinished(closerOf(bareServer));
    const without = { port: await listenOn(bareServer), scheme: 'http', protocol: '1.1' } as const;
    const service = await serve(http.createServer(app), app);
    const paths = [
      ...['null', 'text', 'object', 'number'].map((pre) => `/none?pre=${pre}`),
      ...['null', 'text', 'delete', 'spread', 'fine'].map((kind) => `/late/${kind}`),
    ];
    for (const path of paths) {
      const { status, body } = await service.ask(path);
      const expected = await send(without, { path });
      expect([path, status, body]).toEqual([path, expected.status, expected.body]);
    }
    await all(() => service.ask('/none?pre=text'));
    await service.ask('/late/last');

    const spans = await service.spans(paths.length + many + 1);
    const routes = new Set(spans.map(({ attributes }) => attributes['http.route']));
    expect(routes).toEqual(new Set([undefined, '/late/:kind']));
    const late = spans.filter(({ attributes }) => String(attributes['url.path']).startsWith('/late/'));
    expect(late.every(({ attributes }) => attributes['http.route'] === '/late/:kind')).toBe(true);
    expect((await service.points('http.server.active_requests')).map(({ value }) => value)).toEqual([0]);
  });

  test('a handler of app.param() that answers belongs to the route', async () => {
    const app = load()();
    app.param('id', (_req, res) => void res.status(410).end());
    app.get('/orders/:id', (_req, res) => void res.end());
    const service = await serve(http.createServer(app), app);
    await service.ask('/orders/7');
    expect((await service.span()).attributes['http.route']).toBe('/orders/:id');
  });
});

describe('what cannot be read is left out, and the request is counted', () => {
  const throwing = (name: string) => ({
    configurable: true,
    get() {
      throw new Error(`no ${name} today`);
    },
  });

  test.each<[string, (req: http.IncomingMessage, res: http.ServerResponse) => void]>([
    ['headers', (req) => Object.defineProperty(req, 'headers', throwing('headers'))],
    [
      'writableFinished',
      (_req, res) => Object.defineProperty(res, 'writableFinished', throwing('writableFinished')),
    ],
    ['errored', (_req, res) => Object.defineProperty(res, 'errored', throwing('errored'))],
  ])('%s', async (_name, spoil) => {
    const app = express();
    app.get('/strange/:id', (req, res) => {
      res.once('finish', () => spoil(req, res));
      res.end('ok');
    });
    app.get('/fine/:id', (_req, res) => void res.end('ok'));
    const service = await serve(http.createServer(app), app);

    const answers = await all((i) => service.ask(`/strange/${i}`));
    expect(answers.every(({ body }) => body === 'ok')).toBe(true);
    await service.ask('/fine/1');

    const spans = await service.spans(many + 1);
    expect(spans.at(-1)?.name).toBe('GET /fine/:id');
    const durations = await service.points('http.server.request.duration');
    expect(durations.reduce((sum, { count = 0 }) => sum + Number(count), 0)).toBe(many + 1);
  });

  test('a route of fastify', async () => {
    const app = fastify();
    app.get('/strange/:id', async (request) => {
      Object.defineProperty(request, 'routeOptions', throwing('route'));
      return 'ok';
    });
    app.get('/fine/:id', async () => 'ok');
    await app.ready();
    const service = await serve(app.server as http.Server, app);

    const answers = await all((i) => service.ask(`/strange/${i}`));
    expect(answers.every(({ body }) => body === 'ok')).toBe(true);
    await service.ask('/fine/1');

    const names = (await service.spans(many + 1)).map(({ name }) => name);
    expect(names.filter((name) => name === 'GET')).toHaveLength(many);
    expect(names.at(-1)).toBe('GET /fine/:id');
  });

  test('an ignore of the user’s that throws for some goes on for the others', async () => {
    const ignore = vi.fn((req: http.IncomingMessage) => {
      if (req.url?.startsWith('/strange')) throw new Error('cannot tell');
      return req.url === '/ignored';
    });
    const server = http.createServer((_req, res) => void res.end('ok'));
    const service = await serve(server, server, { ignore });

    await all((i) => service.ask(`/strange/${i}`));
    await service.ask('/ignored');
    await service.ask('/fine');

    const paths = (await service.spans(many + 1)).map(({ attributes }) => attributes['url.path']);
    expect(paths).not.toContain('/ignored');
    expect(paths.at(-1)).toBe('/fine');
  });
});

test('a listener that cannot be looked into is called all the same', async () => {
  const strange = new Proxy((_req: http.IncomingMessage, res: http.ServerResponse) => void res.end('ok'), {
    get(target, key) {
      if (typeof key === 'string' && ['handle', 'set', 'request'].includes(key)) throw new Error(key);
      return Reflect.get(target, key);
    },
  });
  const server = http.createServer(strange);
  const service = await serve(server, server);

  expect((await service.ask('/')).body).toBe('ok');
  expect((await service.span()).name).toBe('GET');
});
