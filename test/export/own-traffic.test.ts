import { createServer, type IncomingMessage } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createPropagation } from '../../src/context/propagators.js';
import { createSystemClock } from '../../src/core/clock.js';
import { createFaults } from '../../src/core/faults.js';
import { createIdGenerator } from '../../src/core/ids.js';
import { isOwnTraffic, USER_AGENT } from '../../src/export/own-traffic.js';
import { createMethods, DEFAULT_METHODS } from '../../src/metrics/http-methods.js';
import { InFlight } from '../../src/server/in-flight.js';
import { RequestRecorder } from '../../src/server/request-recorder.js';
import { ServerBindings } from '../../src/server/server-bindings.js';
import { resolveOptions } from '../../src/service/options.js';
import { createTelemetry } from '../../src/service/telemetry/telemetry.js';
import { setEnvironment, startReceiver, startService } from './support/service.js';

const requestOf = (headers: Record<string, string>) => ({ headers }) as unknown as IncomingMessage;

test('a request is our own by what only this process says', () => {
  expect(isOwnTraffic(requestOf({ 'user-agent': USER_AGENT }))).toBe(true);
  expect(isOwnTraffic(requestOf({ 'user-agent': USER_AGENT.replace(/.\)$/, '_)') }))).toBe(false);
  expect(isOwnTraffic(requestOf({ 'user-agent': 'curl/8' }))).toBe(false);
  expect(isOwnTraffic(requestOf({}))).toBe(false);
});

test('exports are no calls of the service: no span and no metric speaks of them', async () => {
  const receiver = await startReceiver();
  const { get, signals } = await startService({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
  await get();
  for (let round = 0; round < 3; round += 1) await signals.flush();
  expect(receiver.spans().map(({ kind }) => kind)).toEqual(['SERVER']);
  const attributes = receiver.metrics().flatMap((point) => Object.values(point.attributes));
  expect(attributes).not.toContain('POST');
  expect(attributes).not.toContain(receiver.port);
  expect(receiver.requests.every(({ headers }) => headers.traceparent === undefined)).toBe(true);
});

describe('a collector in a process all of whose servers are instrumented', () => {
  /** Binds every server of the process, the collector's too, to a service that exports to that collector. */
  async function everyServer(ignore: string[] = []) {
    const receiver = await startReceiver();
    setEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    const clock = createSystemClock();
    const { config, log } = resolveOptions({ ignore }, process.env, () => {});
    const faults = createFaults(log);
    const telemetry = createTelemetry({
      config,
      clock,
      ids: createIdGenerator(),
      faults,
      log,
      write() {},
      propagation: createPropagation(
        config.propagators,
        () => {},
        () => {},
      ),
    });
    const recorder = new RequestRecorder({
      clock,
      faults,
      methodOf: createMethods(DEFAULT_METHODS),
      tracing: telemetry.tracing,
      red: telemetry.red,
      inFlight: new InFlight(),
      isIgnored: telemetry.isIgnored,
      onException: undefined,
      isRestarted: undefined,
    });
    const bindings = new ServerBindings();
    bindings.bindEveryServer(recorder);
    onTestFinished(() => {
      bindings.release(recorder);
      return telemetry.shutdown(2_000);
    });
    const server = createServer((_req, res) => void res.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    return { receiver, telemetry, faults, get: (path: string) => fetch(`http://127.0.0.1:${port}${path}`) };
  }

  test('is told of the application’s requests alone, however often it is exported to', async () => {
    const { receiver, telemetry, faults, get } = await everyServer();
    await get('/orders');
    for (let round = 0; round < 3; round += 1) await telemetry.flush();
    expect(receiver.spans().map(({ attributes }) => attributes['url.path'])).toEqual(['/orders']);
    const points = receiver.metrics().filter(({ name }) => name.startsWith('http.server.'));
    expect(new Set(points.map(({ attributes }) => attributes['http.request.method']))).toEqual(
      new Set(['GET']),
    );
    expect(faults.count).toBe(0);
  });

  test('still records what others send to it', async () => {
    const { receiver, telemetry } = await everyServer();
    await fetch(`${receiver.url}/v1/traces`, { method: 'POST', headers: { 'user-agent': 'other' } });
    await telemetry.flush();
    expect(receiver.spans().map(({ attributes }) => attributes['url.path'])).toEqual(['/v1/traces']);
  });

  test('leaves the user’s own rules as they are', async () => {
    const { receiver, telemetry, get } = await everyServer(['/quiet']);
    await get('/quiet');
    await get('/orders');
    await telemetry.flush();
    await telemetry.flush();
    expect(receiver.spans().map(({ attributes }) => attributes['url.path'])).toEqual(['/orders']);
  });
});
