import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createBreaker } from '../../src/breaker/breaker.js';
import { startService } from './support/service.js';
import { startUpstream } from './support/upstream.js';

type Handler = () => Promise<unknown>;

type App = (handler: Handler) => Promise<RequestListener>;

// Some of them have no types of their own.
const load = async (name: string) => (await import(name)).default;

const expressApp =
  (name: string): App =>
  async (handler) => {
    const app = (await load(name))();
    return app.get('/', (_req: unknown, res: { json(body: unknown): void }, next: () => void) => {
      handler().then((body) => res.json(body), next);
    });
  };

const koaApp =
  (name: string): App =>
  async (handler) => {
    const app = new (await load(name))();
    app.silent = true;
    app.use(async (ctx: { body: unknown }) => {
      ctx.body = await handler();
    });
    return app.callback();
  };

const fastifyApp =
  (name: string): App =>
  async (handler) => {
    const app = (await load(name))();
    app.get('/', handler);
    await app.ready();
    return app.routing;
  };

const frameworks: Record<string, App> = {
  'express 5': expressApp('express'),
  'express 4': expressApp('express4'),
  'fastify 5': fastifyApp('fastify'),
  'fastify 4': fastifyApp('fastify4'),
  'Koa 3': koaApp('koa'),
  'Koa 2': koaApp('koa2'),
};

test.each(Object.keys(frameworks))(
  'a handler that lets a rejection go answers 503 and says when to come back: %s',
  async (name) => {
    const upstream = await startUpstream();
    const service = startService({ breaker: { minimumCalls: 1, openMs: 30_000, jitterRatio: 0 } });
    await fetch(`${upstream.origin}/reset`).catch(() => {});
    await service.settled();
    expect(service.signals.breakers.get(upstream.name)?.state).toBe('open');
    const handler = await frameworks[name]?.(() => fetch(`${upstream.origin}/ok`));
    const server = createServer(handler).listen(0, '127.0.0.1');
    onTestFinished(() => void server.closeAllConnections());
    onTestFinished(() => void server.close());
    await once(server, 'listening');

    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);

    await response.text();
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(response.headers.get('retry-after'))).toBeLessThanOrEqual(30);
  },
);

test('where nobody knows when to come back, nothing is said of it', () => {
  const breaker = createBreaker({}, { name: 'payment:8080' });
  breaker.forceOpen();
  expect(breaker.rejection()).toMatchObject({ status: 503, headers: undefined });
});
