import * as http from 'node:http';
import express from 'express';
import fastify from 'fastify';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest';
import { sharedRegistry } from '../../src/service/registry.js';
import type { Signals } from '../../src/service/signals.js';
import { koa3 } from '../contract/apps/koa.js';
import { send } from '../contract/support/client.js';
import { closerOf, listenOn } from '../contract/support/listening.js';

// What golden-signals/register does, for this process: every server is instrumented, and no application is named.
let signals: Signals;
beforeAll(() => {
  vi.stubEnv('OTEL_SDK_DISABLED', 'true');
  signals = sharedRegistry().instrumentEveryServer();
});
afterAll(() => signals.shutdown());
beforeEach(() => void vi.spyOn(process.stderr, 'write').mockReturnValue(true));
afterEach(() => void vi.restoreAllMocks());

async function ask(server: http.Server) {
  onTestFinished(closerOf(server));
  const port = await listenOn(server);
  return async (path: string) => (await send({ port, scheme: 'http', protocol: '1.1' }, { path })).body;
}

// A busy machine is a warning in the detail.
const ours = /^\{"status":"(pass|warn)","serviceId"/;

describe('with every server of the process instrumented', () => {
  test('a plain server answers probes from the first request on', async () => {
    const server = http.createServer(({ url }, res) => {
      if (url !== '/orders') res.statusCode = 404;
      res.end(url === '/orders' ? 'mine' : 'none');
    });
    const get = await ask(server);
    expect(await get('/health/startup')).toMatch(ours);
    expect(await get('/orders')).toBe('mine');
  });

  test('a plain server that answers a path of a probe itself goes first', async () => {
    const get = await ask(
      http.createServer((req, res) => void res.end(req.url === '/health' ? 'mine' : 'everything')),
    );
    expect(await get('/health')).toBe('mine');
    // What it answers to everything is no answer to a probe.
    expect(await get('/health/ready')).toMatch(ours);
  });

  test('express answers them, and its own route goes first', async () => {
    const app = express();
    app.get('/health', (_req, res) => void res.send('mine'));
    const get = await ask(http.createServer(app));
    expect(await get('/health')).toBe('mine');
    expect(await get('/health/ready')).toMatch(ours);
  });

  test('fastify answers them, and its own route goes first', async () => {
    const app = fastify();
    app.get('/health', async () => 'mine');
    onTestFinished(() => app.close());
    await app.ready();
    const get = await ask(app.server);
    expect(await get('/health')).toBe('mine');
    expect(await get('/health/ready')).toMatch(ours);
  });

  test('Koa answers them', async () => {
    const get = await ask(http.createServer(new koa3().callback()));
    expect(await get('/health')).toMatch(ours);
  });
});
