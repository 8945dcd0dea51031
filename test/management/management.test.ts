import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, type MockInstance, onTestFinished, test, vi } from 'vitest';
import { resolveHealth } from '../../src/health/options.js';
import { instrument, type Options } from '../../src/index.js';
import { ManagementRoutes } from '../../src/management/routes.js';
import { textAnswer } from '../../src/server/probes/own-route.js';
import { sharedRegistry } from '../../src/service/registry.js';
import { type Call, send } from '../contract/support/client.js';
import { closerOf, listenOn } from '../contract/support/listening.js';
import { observe, useCollector } from '../contract/support/service.js';
import { createRunningHealth } from '../health/support/harness.js';

useCollector();

let written: MockInstance<typeof process.stderr.write>;
beforeEach(() => {
  written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => void vi.restoreAllMocks());

async function open(options: Options = {}) {
  const server = http.createServer((_req, res) => void res.end('application'));
  onTestFinished(closerOf(server));
  const signals = instrument(server, { management: { port: 0 }, ...options });
  const telemetry = observe(signals);
  const address = (await signals.management?.address()) as AddressInfo;
  const get = (path: string, call: Partial<Call> = {}) =>
    send({ port: address.port, scheme: 'http', protocol: '1.1' }, { path, ...call });
  return { server, signals, telemetry, address, get };
}

describe('the management port', () => {
  test('shows full detail, whatever the traffic port does', async () => {
    const { get, server } = await open({ health: { detail: 'never', checks: { db: () => true } } });
    await listenOn(server);
    const { status, body, headers } = await get('/health');
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      serviceId: 'contract',
      checks: { 'db:responseTime': [{ status: 'pass' }] },
    });
    expect(headers['cache-control']).toBe('no-store');
  });

  test('is there before the service takes traffic, and says so', async () => {
    const { get, server } = await open();
    expect((await get('/health/startup')).status).toBe(503);
    expect((await get('/health/live')).status).toBe(200);
    await listenOn(server);
    expect((await get('/health/startup')).status).toBe(200);
  });

  test('answers HEAD without a body, and no other method', async () => {
    const { get } = await open();
    const { body: full } = await get('/health/live');
    expect(await get('/health/live', { method: 'HEAD' })).toMatchObject({
      status: 200,
      body: '',
      headers: { 'content-length': String(Buffer.byteLength(full)) },
    });
    expect(await get('/health', { method: 'POST', body: 'x' })).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
    });
  });

  test('knows no other path', async () => {
    const { get } = await open();
    expect((await get('/orders')).status).toBe(404);
    expect((await get('/')).status).toBe(404);
  });

  test('answers no probe where health is off', async () => {
    const { get } = await open({ health: false });
    expect((await get('/health')).status).toBe(404);
  });

  test('is neither traced nor measured, but its probes are counted', async () => {
    const { get, telemetry, server } = await open();
    await get('/health');
    await get('/orders');
    const port = await listenOn(server);
    await send({ port, scheme: 'http', protocol: '1.1' }, { path: '/orders' });
    await telemetry.span();
    const probes = await telemetry.points('golden_signals.health.probes');
    expect(probes.map(({ value }) => value)).toEqual([1]);
  });

  test('is nobody’s also where every server of the process is instrumented', async () => {
    const everybody = observe(sharedRegistry().instrumentEveryServer());
    const { get } = await open();
    await get('/orders');
    const other = http.createServer((_req, res) => void res.end());
    onTestFinished(closerOf(other));
    await send({ port: await listenOn(other), scheme: 'http', protocol: '1.1' }, { path: '/other' });
    expect((await everybody.span()).attributes['url.path']).toBe('/other');
  });

  test('that is taken is one warning, and the service goes on', async () => {
    const taken = http.createServer();
    onTestFinished(closerOf(taken));
    const port = await listenOn(taken);
    const { address, server } = await open({ management: { port } });
    expect(address).toBeUndefined();
    const lines = written.mock.calls
      .map(([line]) => String(line))
      .filter((line) => line.includes('management'));
    expect(lines).toEqual([
      `golden-signals warn: the management port 127.0.0.1:${port} is not served: EADDRINUSE\n`,
    ]);
    const main = { port: await listenOn(server), scheme: 'http', protocol: '1.1' } as const;
    expect((await send(main, { path: '/health/ready' })).status).toBe(200);
  });

  test('is there until the shutdown is over, and then no more', async () => {
    const { signals, address } = await open();
    await signals.shutdown();
    const again = http.createServer();
    onTestFinished(closerOf(again));
    again.listen(address.port, '127.0.0.1');
    await once(again, 'listening');
    expect((again.address() as AddressInfo).port).toBe(address.port);
  });

  test('is absent unless it is asked for', () => {
    const signals = instrument(undefined, {});
    onTestFinished(() => signals.shutdown());
    expect(signals.management).toBeUndefined();
  });
});

describe('a path that is added to it', () => {
  test('is answered with the headers of the request at hand', async () => {
    const { health } = await createRunningHealth();
    const routes = new ManagementRoutes({ health, config: resolveHealth(), onAnswered: () => {} });
    routes.addRoute({
      path: '/metrics',
      answer: ({ url, headers }) => textAnswer(200, `${url} ${headers.accept}`),
    });
    const answer = await routes.answer({
      method: 'GET',
      url: '/metrics/?name=x',
      headers: { accept: '*/*' },
    });
    expect(answer).toMatchObject({ status: 200, body: '/metrics/?name=x */*\n' });
  });
});
