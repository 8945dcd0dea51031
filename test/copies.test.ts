import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import * as http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Signals } from '../src/index.js';
import { build, DIST, ROOT } from './contract/support/built.js';
import { send } from './contract/support/client.js';
import { closerOf, listenOn } from './contract/support/listening.js';
import { observe, useCollector } from './contract/support/service.js';

useCollector();

interface Copy {
  instrument(app?: unknown): Signals;
  traceFields(): Record<string, string>;
}

let folder: string;

beforeAll(() => {
  build();
  folder = mkdtempSync(join(tmpdir(), 'golden-signals-copies-'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const name of ['one', 'two']) cpSync(DIST, join(folder, name), { recursive: true });
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('two copies of the package in a process agree on one service, and trace a request once', async () => {
  const [one, two] = ['one', 'two'].map((name) => require(join(folder, name, 'index.js')) as Copy);
  const expressSignals = require(join(folder, 'two', 'express.js'))
    .expressSignals as () => express.RequestHandler & {
    signals: Signals;
  };
  const app = express();
  const signals = (one as Copy).instrument(app);
  const service = observe(signals);
  const middleware = expressSignals();
  app.use(middleware);
  app.get('/orders/:id', (_req, res) => void res.end());
  const server = http.createServer(app);
  onTestFinished(closerOf(server));

  await send({ port: await listenOn(server), scheme: 'http', protocol: '1.1' }, { path: '/orders/7' });

  expect(one?.instrument).not.toBe(two?.instrument);
  expect([two?.instrument(app), two?.instrument(server), two?.instrument(), middleware.signals]).toEqual(
    Array(4).fill(signals),
  );
  expect((await service.span()).name).toBe('GET /orders/:id');
  const points = await service.points('http.server.request.duration');
  expect(points.map(({ count }) => count)).toEqual([1]);
});

test('a second copy of the package gives the ids of the span that the first one has made', async () => {
  const [one, two] = ['one', 'two'].map((name) => require(join(folder, name, 'index.js')) as Copy);
  const { traceFormat } = require(join(folder, 'two', 'winston.js')) as {
    traceFormat(): { transform(info: object): object };
  };
  const server = http.createServer((_req, res) => {
    const info = traceFormat().transform({ level: 'info', message: 'x' });
    res.end(JSON.stringify([one?.traceFields(), two?.traceFields(), info]));
  });
  const signals = (one as Copy).instrument(server);
  onTestFinished(() => signals.shutdown());
  onTestFinished(closerOf(server));
  const answer = await fetch(`http://127.0.0.1:${await listenOn(server)}/`).then(
    (response) => response.json() as Promise<Record<string, string>[]>,
  );
  expect(answer[0]).toMatchObject({ trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) });
  expect(answer[1]).toEqual(answer[0]);
  expect(answer[2]).toMatchObject(answer[0] ?? {});
});
