import pino from 'pino';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createLines, inRequest, startLogService, startReceiver } from './support.js';

describe('OTEL_EXPORTER_OTLP_LOGS_*', () => {
  test.each([
    ['http/protobuf', 'application/x-protobuf'],
    ['http/json', 'application/json'],
  ])('%s is what logs leave by', async (protocol, contentType) => {
    const { signals, receiver } = await startLogService({ logs: { export: true } }, undefined, {
      OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_LOGS_HEADERS: 'x-tenant=blue',
      OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: 'gzip',
    });
    const ids = await inRequest(signals, () =>
      pino({ base: null }, createLines()).error({ a: { b: [1, 'c', 2.5] } }, 'x'),
    );
    await signals.flush();
    expect(receiver.logs()).toMatchObject([
      {
        body: 'x',
        severityNumber: 17,
        severityText: 'error',
        attributes: { a: { b: [1, 'c', 2.5] } },
        ...ids,
        flags: 3,
      },
    ]);
    const [request] = receiver.requests.filter(({ path }) => path === '/v1/logs');
    expect(request?.headers).toMatchObject({
      'content-type': contentType,
      'content-encoding': 'gzip',
      'x-tenant': 'blue',
    });
    expect(request?.problem).toBeUndefined();
  });

  test('an endpoint of their own is taken as it is', async () => {
    const own = await startReceiver();
    const { signals, receiver } = await startLogService({ logs: { export: true } }, undefined, {
      OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `${own.url}/v1/logs`,
    });
    pino(createLines()).info('x');
    await signals.flush();
    expect(own.logs()).toHaveLength(1);
    expect(receiver.logs()).toEqual([]);
  });
});

describe('OTEL_LOGS_EXPORTER', () => {
  const exported = async (
    options: object,
    exporter: string | undefined,
    more: Record<string, string> = {},
  ) => {
    const { signals, receiver } = await startLogService(options, undefined, {
      ...(exporter === undefined ? {} : { OTEL_LOGS_EXPORTER: exporter }),
      ...more,
    });
    pino(createLines()).info('x');
    await signals.flush();
    return receiver.logs().length;
  };

  test('otlp turns the export on by itself; without it and the option there is none', async () => {
    expect(await exported({}, 'otlp')).toBe(1);
    expect(await exported({}, undefined)).toBe(0);
  });

  test('does not turn on what the code has turned off', async () => {
    expect(await exported({ logs: { export: false } }, 'otlp')).toBe(0);
    expect(await exported({ logs: false }, 'otlp')).toBe(0);
  });

  test('none exports nothing, also where the code asks for an export', async () => {
    expect(await exported({ logs: { export: true } }, 'none')).toBe(0);
  });

  test('that nobody knows is passed over', async () => {
    expect(await exported({ logs: { export: true } }, 'kafka')).toBe(1);
    expect(await exported({}, 'kafka')).toBe(0);
  });

  test('OTEL_SDK_DISABLED exports nothing', async () => {
    expect(await exported({ logs: { export: true } }, undefined, { OTEL_SDK_DISABLED: 'true' })).toBe(0);
  });

  test('console writes records to standard output', async () => {
    const written: unknown[] = [];
    const spy = vi.spyOn(console, 'dir').mockImplementation((record) => void written.push(record));
    onTestFinished(() => spy.mockRestore());
    expect(await exported({ logs: { export: true } }, 'console')).toBe(0);
    expect(written).toMatchObject([{ body: 'x', severityNumber: 9 }]);
  });
});

test.each([
  [{ logs: { correlate: 1 } }, /option logs\.correlate must be true or false, got 1/],
  [{ logs: { export: 'otlp' } }, /option logs\.export must be true or false, got "otlp"/],
  [{ logs: { exports: true } }, /option logs\.exports is unknown: did you mean export\?/],
  [{ logs: true }, /option logs must be an object, got true/],
])('%j is an error that names the option', async (options, message) => {
  await expect(startLogService(options as never)).rejects.toThrow(message);
});

test('records leave by themselves, after OTEL_BLRP_SCHEDULE_DELAY', async () => {
  const { receiver } = await startLogService({ logs: { export: true } }, undefined, {
    OTEL_BLRP_SCHEDULE_DELAY: '1',
  });
  pino(createLines()).info('unasked');
  expect(await receiver.waitForLogs(1, 20_000)).toMatchObject([
    { body: 'unasked', resource: { 'service.name': 'orders' } },
  ]);
});
