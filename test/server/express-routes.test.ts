import * as http from 'node:http';
import express5, { type Express } from 'express';
import { describe, expect, onTestFinished, test } from 'vitest';
import { instrument } from '../../src/index.js';
import { pipelined, send, sendRaw } from '../contract/support/client.js';
import { closerOf, listenOn } from '../contract/support/listening.js';
import { observe, useCollector } from '../contract/support/service.js';
import { cases, casesOf, ok } from './express-cases.js';
import { routesOf } from './support.js';

useCollector();

const express4 = require('express4') as typeof express5;

async function routesOfApp(app: Express, calls: readonly string[]): Promise<Record<string, unknown>> {
  const server = http.createServer(app);
  onTestFinished(closerOf(server));
  const address = { port: await listenOn(server), scheme: 'http', protocol: '1.1' } as const;
  return routesOf(address, observe(instrument(app)), calls);
}

describe.each([
  { version: 5 as const, express: express5 },
  { version: 4 as const, express: express4 },
])('express $version', ({ version, express }) => {
  test.each([...cases, ...casesOf[version]])('tells the route of $name', async ({ build, expected }) => {
    const app = express();
    app.set('env', 'test');
    build(express, app);

    expect(await routesOfApp(app, Object.keys(expected))).toEqual(expected);
  });

  test('tells routes and mounts apart by letter case where the application does', async () => {
    const app = express();
    app.enable('case sensitive routing');
    app.enable('strict routing');
    const router = express.Router({ caseSensitive: true, strict: true });
    router.get(['/:id', '/:id/'], ok);
    app.use('/Orders', router);
    const expected = { '/Orders/7': '/Orders/:id', '/Orders/7/': '/Orders/:id/', '/orders/7': undefined };

    expect(await routesOfApp(app, Object.keys(expected))).toEqual(expected);
  });

  test('sees routes and mounts that are added after it was instrumented and after the first request', async () => {
    const app = express();
    const server = http.createServer(app);
    onTestFinished(closerOf(server));
    const address = { port: await listenOn(server), scheme: 'http', protocol: '1.1' } as const;
    const service = observe(instrument(app));
    const router = express.Router();

    await send(address, { path: '/orders/1' });
    app.use('/orders', router);
    router.get('/:id', ok);
    await send(address, { path: '/orders/2' });
    app.use('/:tenant/orders', router);
    await send(address, { path: '/acme/orders/3' });
    const inner = express.Router();
    inner.get('/items/:item', ok);
    router.use('/:order', inner);
    await send(address, { path: '/orders/4/items/5' });
    await send(address, { path: '/acme/orders/4/items/5' });

    expect((await service.spans(5)).map(({ attributes }) => attributes['http.route'])).toEqual([
      undefined,
      '/orders/:id',
      '/:tenant/orders/:id',
      '/orders/:order/items/:item',
      '/:tenant/orders/:order/items/:item',
    ]);
  });

  test('has a route for the automatic answers to OPTIONS at most as a template', async () => {
    const app = express();
    app.get('/orders/:id', ok);
    const found = await routesOfApp(app, ['OPTIONS /orders/7']);

    expect([undefined, '/orders/:id']).toContain(found['OPTIONS /orders/7']);
  });

  test('never lets a value of a path into a route, whatever is asked for', async () => {
    const app = express();
    const inner = express.Router();
    inner.get(['/items/:item', '/:a/:b'], ok);
    inner.get('/items', ok);
    const middle = express.Router();
    middle.use(['/orders/:order', '/o/:order'], inner);
    middle.use('/:any', inner);
    app.use('/tenants/:tenant', middle);
    app.use('/Tenants', middle);
    const admin = express();
    admin.use('/x', inner);
    app.use(['/admin', '/:site/admin'], admin);
    // That of express warns of its own listeners when this many requests wait on a connection.
    app.use((_req, res) => void res.status(404).end());
    const server = http.createServer(app);
    onTestFinished(closerOf(server));
    const port = await listenOn(server);
    const service = observe(instrument(app, { traces: false }));
    const words = ['tenants', 'TENANTS', 'Orders', 'o', 'items', 'x', 'admin', '7', 'a%2Fb', ':any'];
    let seed = 7;
    const next = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor((seed / 2 ** 31) * below);
    };
    const paths = Array.from({ length: 3_000 }, (_, index) =>
      Array.from(
        { length: 2 + next(5) },
        () => `/${next(9) === 0 ? `v${index}` : words[next(words.length)]}`,
      ).join(''),
    );

    await sendRaw(port, pipelined(paths));
    const points = await service.points('http.server.request.duration');

    const mounts = ['/tenants/:tenant', '/Tenants'];
    const inners = ['/orders/:order', '/o/:order', '/:any'].flatMap((path) =>
      mounts.map((mount) => mount + path),
    );
    const all = [...inners, '/admin/x', '/:site/admin/x'].flatMap((prefix) =>
      ['/items/:item', '/:a/:b', '/items'].map((path) => prefix + path),
    );
    const routes = new Set(points.map(({ attributes }) => attributes['http.route'] ?? 'none'));
    expect([...routes].filter((route) => route !== 'none' && !all.includes(String(route)))).toEqual([]);
    expect(routes.size).toBeGreaterThan(12);
    expect(points.reduce((sum, { count }) => sum + (count ?? 0), 0)).toBe(paths.length);
  });
});
