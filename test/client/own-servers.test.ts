import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { describe, expect, onTestFinished, test } from 'vitest';
import { instrument, type Signals } from '../../src/index.js';
import { COPIES, loadCopy } from './support/undici.js';

/** An application that fails at every request, and its service. */
function startApp(): { app: express.Express; signals: Signals } {
  process.env.OTEL_METRICS_EXPORTER = 'none';
  process.env.OTEL_TRACES_EXPORTER = 'none';
  process.env.OTEL_LOG_LEVEL = 'none';
  const app = express();
  const signals = instrument(app, {
    service: 'own-test',
    shutdown: false,
    breaker: { minimumCalls: 4, maxConcurrent: 1, timeoutMs: 60_000 },
  });
  app.get('/broken', (_req, res) => void res.status(500).send('broken'));
  onTestFinished(() => signals.shutdown());
  return { app, signals };
}

async function listen(server: http.Server, ...where: unknown[]): Promise<number> {
  (server.listen as (...args: unknown[]) => unknown).apply(server, where);
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const getByFetch = async (url: string) => {
  const res = await fetch(url);
  await res.text();
  return res.status;
};

async function getByHttp(options: http.RequestOptions | string): Promise<number | undefined> {
  const req = http.get(options as string);
  const [res] = (await once(req, 'response')) as [http.IncomingMessage];
  res.resume();
  await once(res, 'end');
  return res.statusCode;
}

async function times<T>(count: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let done = 0; done < count; done += 1) results.push(await work());
  return results;
}

const broken = (count: number) => Array(count).fill(500);
const ownAddress = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

describe('a process is not guarded against itself', () => {
  test.each([
    ['::', 'localhost'],
    ['0.0.0.0', '127.0.0.1'],
    ['127.0.0.1', 'localhost'],
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1', '[::ffff:127.0.0.1]'],
    ...(ownAddress === undefined ? [] : [['0.0.0.0', ownAddress]]),
  ])('a server on %s, called as %s', async (bound, host) => {
    const { app, signals } = startApp();
    const port = await listen(http.createServer(app), 0, bound);
    expect(await times(8, () => getByFetch(`http://${host}:${port}/broken`))).toEqual(broken(8));
    expect(await times(8, () => getByHttp(`http://${host}:${port}/broken`))).toEqual(broken(8));
    expect(signals.breakers.all()).toEqual([]);
  });

  test('supertest gets what the application answers, however often', async () => {
    const { app } = startApp();
    const name = 'supertest';
    const { default: supertest } = await import(name);
    const statuses = await times(24, async () => (await supertest(app).get('/broken')).status);
    expect(statuses).toEqual(broken(24));
    const server = http.createServer((req, res) => app(req, res));
    await listen(server, 0);
    expect(await times(24, async () => (await supertest(server).get('/broken')).status)).toEqual(broken(24));
  });

  test('nor where it calls itself many times at once', async () => {
    const { app } = startApp();
    const port = await listen(http.createServer(app), 0, '127.0.0.1');
    const url = `http://127.0.0.1:${port}/broken`;
    expect(await Promise.all(Array.from({ length: 10 }, () => getByFetch(url)))).toEqual(broken(10));
  });

  test.each(COPIES)('on a Unix domain socket, by http and %s', async (copy) => {
    const { app } = startApp();
    const folder = mkdtempSync(join(tmpdir(), 'own-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const socketPath = join(folder, 's');
    await listen(http.createServer(app), socketPath);
    expect(await times(8, () => getByHttp({ socketPath, path: '/broken' }))).toEqual(broken(8));
    const { Client } = await loadCopy(copy);
    const client = new Client('http://localhost', { socketPath });
    onTestFinished(() => client.destroy());
    const get = async () => {
      const { statusCode, body } = await client.request({ path: '/broken', method: 'GET' });
      await body.text();
      return statusCode;
    };
    expect(await times(8, get)).toEqual(broken(8));
  });

  test('only as long as it listens there', async () => {
    const { app, signals } = startApp();
    const server = http.createServer(app);
    const port = await listen(server, 0, '127.0.0.1');
    const url = `http://127.0.0.1:${port}/broken`;
    await times(6, () => getByHttp({ port, host: '127.0.0.1', path: '/broken', agent: false }));
    expect(signals.breakers.all()).toEqual([]);
    server.close();
    await once(server, 'close');
    for (let count = 0; count < 4; count += 1) await expect(getByFetch(url)).rejects.toThrow();
    expect(signals.breakers.get(`127.0.0.1:${port}`)?.state).toBe('open');

    await listen(server, port, '127.0.0.1');
    expect(await times(6, () => getByFetch(url))).toEqual(broken(6));
  });

  test('while another server on the same host is', async () => {
    const { app, signals } = startApp();
    await listen(http.createServer(app), 0, '127.0.0.1');
    const other = http.createServer((_req, res) => void res.writeHead(500).end());
    const port = await listen(other, 0, '127.0.0.1');
    await times(4, () => getByFetch(`http://127.0.0.1:${port}/`));
    expect(signals.breakers.get(`127.0.0.1:${port}`)?.state).toBe('open');
  });
});
