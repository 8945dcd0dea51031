import { once } from 'node:events';
import * as http from 'node:http';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type HealthOptions, resolveHealth } from '../../../src/health/options.js';
import { textAnswer } from '../../../src/server/probes/own-route.js';
import { ProbeResponder, type ProbeResponderParts } from '../../../src/server/probes/responder.js';
import { type Address, type Call, openHttp1, send } from '../../contract/support/client.js';
import { closerOf, listenOn } from '../../contract/support/listening.js';
import { createTestHealth, never } from '../../health/support/harness.js';
import { settled } from '../../support/fake-clock.js';

interface Given extends HealthOptions {
  readonly parts?: Partial<ProbeResponderParts>;
  /** What stands before the responder, as a framework would. */
  readonly before?: (req: http.IncomingMessage, res: http.ServerResponse) => void;
}

async function serve({ parts, before, ...options }: Given = {}) {
  const { health, clock } = createTestHealth(options);
  const answered: string[] = [];
  const faults: unknown[] = [];
  const responder = new ProbeResponder({
    health,
    config: resolveHealth(options),
    faults: { caught: (_place, error) => void faults.push(error) },
    timers: clock,
    owners: { ownerOf: () => 'library' },
    elsewhere: { ask: (_probe, answered) => answered(undefined), has: () => false },
    onAnswered: (probe, status) => void answered.push(`${probe} ${status}`),
    ...parts,
  });
  const server = http.createServer((req, res) => {
    before?.(req, res);
    if (responder.receive(req, res, server) !== 'answered') res.end('application');
  });
  onTestFinished(closerOf(server));
  health.start();
  health.listening();
  await clock.advance(0);
  const address: Address = { port: await listenOn(server), scheme: 'http', protocol: '1.1' };
  const get = (path: string, call: Partial<Call> = {}) => send(address, { path, ...call });
  return { health, clock, responder, answered, faults, get, address };
}

describe('the answer to a probe', () => {
  test('is counted with its status, and nothing else is', async () => {
    const { get, health, answered } = await serve();
    await get('/health/live');
    await get('/orders');
    health.markNotReady();
    await get('/health/ready', { method: 'HEAD' });
    expect(answered).toEqual(['live 200', 'ready 503']);
  });

  test('closes the connection while draining', async () => {
    const { get, health } = await serve();
    expect((await get('/health', { headers: { connection: 'keep-alive' } })).headers.connection).toBe(
      'keep-alive',
    );
    health.drain();
    const answer = await get('/health', { headers: { connection: 'keep-alive' } });
    expect([answer.status, answer.headers.connection]).toEqual([503, 'close']);
    expect((await get('/health/live')).status).toBe(200);
  });

  test('closes it also where draining began while the probe was waiting', async () => {
    const asked = vi.fn(() => false);
    const { address, health } = await serve({
      checks: { disk: { run: never, critical: true } },
      authorize: asked,
    });
    const request = openHttp1(address, { path: '/health/ready', headers: { connection: 'keep-alive' } });
    request.end();
    await vi.waitUntil(() => asked.mock.calls.length > 0, { interval: 1, timeout: 60_000 });
    health.drain();
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    response.resume();
    expect([response.statusCode, response.headers.connection]).toEqual([503, 'close']);
  });

  test('of a group is the aggregate of its checks', async () => {
    const { get } = await serve({
      checks: {
        disk: { run: () => false, critical: true, groups: ['storage'] },
        db: { run: () => true, groups: ['data'] },
      },
    });
    expect((await get('/health/storage')).status).toBe(503);
    expect((await get('/health/data')).status).toBe(200);
    expect((await get('/health/else')).body).toBe('application');
  });

  test('to a caller who has gone is no fault', async () => {
    const asked = vi.fn((_req: http.IncomingMessage) => false);
    const { address, faults, health } = await serve({
      checks: { disk: { run: never, critical: true } },
      authorize: asked,
    });
    const request = openHttp1(address, { path: '/health/ready' });
    request.on('error', () => {});
    request.end();
    await vi.waitUntil(() => asked.mock.calls.length > 0, { interval: 1, timeout: 60_000 });
    const [[{ socket }]] = asked.mock.calls as [[http.IncomingMessage]];
    request.destroy();
    await once(socket, 'close');
    health.drain();
    await settled();
    expect(faults).toEqual([]);
  });
});

describe('the detail', () => {
  const checks = { db: () => true };
  const isDetailed = (body: string) => 'checks' in (JSON.parse(body) as object);

  test('is for whoever may see it', async () => {
    const { get } = await serve({ checks, authorize: (req) => req.headers['x-key'] === 'open' });
    expect(isDetailed((await get('/health')).body)).toBe(false);
    expect(isDetailed((await get('/health', { headers: { 'x-key': 'open' } })).body)).toBe(true);
  });

  test('is for nobody if it cannot be told who may', async () => {
    const { get } = await serve({
      checks,
      authorize: () => {
        throw new Error('no');
      },
    });
    expect((await get('/health')).body).toBe('{"status":"pass"}');
  });
});

describe('the application gets', () => {
  test.each(['/', '/h', '/healthy', '/health/x', '/orders?next=/health', '//health', '*'])(
    '%s',
    async (path) => {
      const { get } = await serve();
      expect((await get(path)).body).toBe('application');
    },
  );

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('%s of a probe’s path', async (method) => {
    const { get } = await serve();
    expect((await get('/health', { method })).body).toBe('application');
  });

  test('what is its own, unless it is overridden', async () => {
    const parts: Partial<ProbeResponderParts> = {
      owners: {
        ownerOf: (_server, _req, path) => (path.startsWith('/health/ready') ? 'library' : 'app'),
      },
    };
    const given = await serve({ parts });
    expect((await given.get('/health/?x')).body).toBe('application');
    expect((await given.get('/health/ready')).body).toMatch(/^\{"status":"pass"/);
    const { get } = await serve({ parts, override: true });
    expect((await get('/health')).body).toMatch(/^\{"status":"pass"/);
  });

  test('a path below a mount point that only looks like a probe’s', async () => {
    const { get } = await serve({ before: (req) => Object.assign(req, { originalUrl: `/api${req.url}` }) });
    expect((await get('/health')).body).toBe('application');
  });

  test('everything where probes are off', async () => {
    const { get } = await serve({ parts: { config: undefined } });
    expect((await get('/health')).body).toBe('application');
  });

  test('a request that something before it has answered', async () => {
    const { get, answered } = await serve({
      before: (_req, res) => {
        res.writeHead(401).end();
        res.end = (() => res) as never;
      },
    });
    expect((await get('/health')).status).toBe(401);
    expect(answered).toEqual([]);
  });

  test('the request when the answer fails', async () => {
    const failure = new Error('clash');
    const { get, faults } = await serve({
      parts: {
        owners: {
          ownerOf() {
            throw failure;
          },
        },
      },
    });
    expect((await get('/health')).body).toBe('application');
    expect(faults).toEqual([failure]);
  });
});

describe('a path of our own besides the probes', () => {
  test('is answered at once or later, GET and HEAD alone', async () => {
    const { get, responder } = await serve();
    responder.addRoute({ path: '/metrics', answer: () => textAnswer(200, 'up 1') });
    responder.addRoute({ path: '/later', answer: async () => textAnswer(200, 'later') });
    expect((await get('/metrics?x')).body).toBe('up 1\n');
    expect((await get('/later')).body).toBe('later\n');
    expect(await get('/metrics', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
    expect((await get('/metrics', { method: 'POST' })).body).toBe('application');
  });

  test('is there where probes are off, and gives way to the application’s', async () => {
    const { get, responder } = await serve({
      parts: {
        config: undefined,
        owners: { ownerOf: (_server, _req, path) => (path === '/taken' ? 'app' : 'library') },
      },
    });
    responder.addRoute({ path: '/metrics', answer: () => textAnswer(200, 'up 1') });
    responder.addRoute({ path: '/taken', answer: () => textAnswer(200, 'ours') });
    expect((await get('/metrics')).body).toBe('up 1\n');
    expect((await get('/taken')).body).toBe('application');
  });
});
