import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import fastify5, { type FastifyInstance } from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';
import { instrument } from '../../../../src/index.js';
import { observe, useCollector } from '../../../contract/support/service.js';
import { type Expected, routesOf } from '../../support.js';

useCollector();

const fastify4 = require('fastify4') as typeof fastify5;

const ok = async () => 'ok';

const orders = async (app: FastifyInstance) => {
  app.get('/orders/:id', ok);
  app.get('/', ok);
};

const expected: Expected = {
  '/tenants/acme/orders/7': '/tenants/:tenant/orders/:id',
  '/tenants/tenants/orders/orders': '/tenants/:tenant/orders/:id',
  '/tenants/a%20b/orders/%E2%82%AC': '/tenants/:tenant/orders/:id',
  '/tenants/acme': '/tenants/:tenant',
  '/api/v1/orders/7': '/api/v1/orders/:id',
  'HEAD /api/v1/orders/7': '/api/v1/orders/:id',
  '/first/7': '/first/:id',
  '/nowhere/7': undefined,
};

describe.each([
  { version: 5, fastify: fastify5 },
  { version: 4, fastify: fastify4 },
])('fastify $version', ({ version, fastify }) => {
  const create = (options: object = {}): FastifyInstance => {
    const app = fastify(options) as unknown as FastifyInstance;
    onTestFinished(() => app.close());
    return app;
  };
  const listen = async (app: FastifyInstance) => {
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    return { port, scheme: 'http', protocol: '1.1' } as const;
  };
  const addRoutes = async (app: FastifyInstance, isAwaited: boolean) => {
    app.get('/first/:id', ok);
    const nested = async (inner: FastifyInstance) => {
      inner.register(orders, { prefix: '/v1' });
    };
    app.register(orders, { prefix: '/tenants/:tenant' });
    app.register(nested, { prefix: '/api' });
    if (isAwaited) await app.after();
  };

  test.each(['before routes', 'after routes', 'after awaited routes', 'when ready', 'after listen'])(
    'tells routes with every prefix, instrumented %s',
    async (when) => {
      const app = create();
      let service = when === 'before routes' ? observe(instrument(app)) : undefined;
      await addRoutes(app, when === 'after awaited routes');
      if (when === 'when ready') await app.ready();
      if (when === 'after listen') await listen(app);
      service ??= observe(instrument(app));
      const address =
        when === 'after listen'
          ? ({ port: (app.server.address() as AddressInfo).port, scheme: 'http', protocol: '1.1' } as const)
          : await listen(app);

      expect(await routesOf(address, service, Object.keys(expected))).toEqual(expected);
    },
  );

  test('tells the route of a request that never gets to its handler', async () => {
    const app = create();
    app.addHook('onRequest', async (request, reply) => {
      if (request.url.includes('locked')) return reply.code(401).send();
      if (request.url.includes('broken')) throw new Error('broken');
      return undefined;
    });
    app.get('/orders/:id', ok);
    app.get(
      '/checked/:id',
      { schema: { params: { type: 'object', properties: { id: { type: 'integer' } } } } },
      ok,
    );
    app.register(async (inner) => {
      inner.decorateRequest('user', '');
      inner.addHook('preHandler', async (_request, reply) => reply.code(403).send());
      inner.get('/inner/:id', ok);
    });
    const service = observe(instrument(app));
    const address = await listen(app);
    const wanted: Expected = {
      '/orders/locked': '/orders/:id',
      '/orders/broken': '/orders/:id',
      '/checked/seven': '/checked/:id',
      '/checked/7': '/checked/:id',
      '/inner/7': '/inner/:id',
      '/locked': undefined,
    };

    expect(await routesOf(address, service, Object.keys(wanted))).toEqual(wanted);
  });

  test('tells wildcards, expressions, options and letter case as they were written', async () => {
    const options = { caseSensitive: false, ignoreTrailingSlash: true };
    const app = create(version === 5 ? { routerOptions: options } : options);
    app.get('/files/*', ok);
    app.get('/numbers/:id(^\\d+$)', ok);
    app.get('/from/:a-:b', ok);
    app.get('/maybe/:id?', ok);
    app.get('/Orders/:id', ok);
    const service = observe(instrument(app));
    const address = await listen(app);
    const wanted: Expected = {
      '/files/a/b': '/files/*',
      '/numbers/12': '/numbers/:id(^\\d+$)',
      '/from/a-b': '/from/:a-:b',
      '/maybe': '/maybe/:id?',
      '/maybe/7': '/maybe/:id?',
      '/orders/7': '/Orders/:id',
      '/ORDERS/7/': '/Orders/:id',
    };

    expect(await routesOf(address, service, Object.keys(wanted))).toEqual(wanted);
  });

  test('has no route where a handler of the user says that nothing was found', async () => {
    const app = create();
    app.setNotFoundHandler(async (_request, reply) => reply.code(404).send('nothing'));
    app.get('/orders/:id', (_request, reply) => void reply.callNotFound());
    const service = observe(instrument(app));
    const address = await listen(app);

    const found = await routesOf(address, service, ['/nowhere/7', '/orders/7']);

    expect(found['/nowhere/7']).toBeUndefined();
    expect(String(found['/orders/7'])).not.toContain('7');
  });

  test('keeps what a handler sees of a request', async () => {
    const app = create();
    app.get('/orders/:id', async (request) => ({
      url: request.raw.url,
      isOwn: request.raw.constructor.name,
      route: request.routeOptions.url,
      params: request.params,
    }));
    observe(instrument(app));
    const { port } = await listen(app);

    const body = await new Promise((resolve) =>
      http.get({ port, path: '/orders/7', agent: false }, (response) =>
        response.on('data', (data) => resolve(JSON.parse(data))),
      ),
    );

    expect(body).toEqual({
      url: '/orders/7',
      isOwn: 'IncomingMessage',
      route: '/orders/:id',
      params: { id: '7' },
    });
  });
});
