import { diag } from '@opentelemetry/api';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { OtlpReceiver } from '../support/otlp-receiver.js';
import { startReceiver, startService } from './support/service.js';

const endpoint = (receiver: OtlpReceiver) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });

function spyOnConsole() {
  const dir = vi.spyOn(console, 'dir').mockImplementation(() => {});
  onTestFinished(() => dir.mockRestore());
  return dir;
}

describe('OTEL_EXPORTER_OTLP_*', () => {
  test('set for one signal beats what is set for all', async () => {
    const [common, traces] = [await startReceiver(), await startReceiver()];
    const { get, signals } = await startService({
      ...endpoint(common),
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${traces.url}/v1/traces`,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=shop',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-tenant=orders',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_METRICS_COMPRESSION: 'gzip',
    });
    await get();
    await signals.flush();

    expect(traces.spans()).toHaveLength(1);
    expect(traces.requests.map(({ headers }) => headers)).toMatchObject([
      { 'x-tenant': 'orders', 'content-type': 'application/x-protobuf' },
    ]);
    expect(traces.requests[0]?.headers['content-encoding']).toBeUndefined();
    expect(common.requests.map(({ path, headers }) => ({ path, ...headers }))).toMatchObject([
      {
        path: '/v1/metrics',
        'x-tenant': 'shop',
        'content-type': 'application/json',
        'content-encoding': 'gzip',
      },
    ]);
    expect(common.metrics().map(({ name }) => name)).toContain('http.server.request.duration');
  });

  test('_COMPRESSION=gzip makes traces and metrics smaller, and they arrive', async () => {
    const receiver = await startReceiver();
    const { burst, signals } = await startService({
      ...endpoint(receiver),
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    });
    await burst(20);
    await signals.flush();
    expect(receiver.spans()).toHaveLength(20);
    expect(receiver.requests.map(({ problem }) => problem)).toEqual([undefined, undefined]);
    expect(receiver.requests.every(({ bytes, body }) => bytes < body.length)).toBe(true);
  });

  test('_TIMEOUT ends an export that is not answered', async () => {
    const receiver = await startReceiver();
    await receiver.behave('hang');
    const { get, signals, lines } = await startService({
      ...endpoint(receiver),
      OTEL_EXPORTER_OTLP_TIMEOUT: '30',
    });
    await get();
    await signals.flush();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('no answer within 30 ms');
  });
});

describe('OTEL_TRACES_EXPORTER and OTEL_METRICS_EXPORTER', () => {
  test('none sends nothing, and the request is still a part of its trace', async () => {
    const receiver = await startReceiver();
    const { get, signals, lines } = await startService({
      ...endpoint(receiver),
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_METRICS_EXPORTER: 'none',
    });
    await get();
    await signals.flush();
    await signals.shutdown();
    expect(receiver.requests).toEqual([]);
    expect(lines).toEqual([]);
  });

  test('none for one signal leaves the other', async () => {
    const receiver = await startReceiver();
    const { get, signals } = await startService({ ...endpoint(receiver), OTEL_TRACES_EXPORTER: 'none' });
    await get();
    await signals.flush();
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/v1/metrics']);
  });

  test('console writes to the console and nowhere else', async () => {
    const receiver = await startReceiver();
    const dir = spyOnConsole();
    const { get, signals } = await startService({
      ...endpoint(receiver),
      OTEL_TRACES_EXPORTER: 'console',
      OTEL_METRICS_EXPORTER: 'console',
    });
    await get();
    await signals.flush();
    const written = dir.mock.calls.map(([item]) => item);
    expect(written).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'GET', kind: 1 }),
        expect.objectContaining({
          descriptor: expect.objectContaining({ name: 'http.server.request.duration' }),
        }),
      ]),
    );
    expect(receiver.requests).toEqual([]);
  });

  test('a list exports to each of its names', async () => {
    const receiver = await startReceiver();
    const dir = spyOnConsole();
    const { get, signals } = await startService({
      ...endpoint(receiver),
      OTEL_TRACES_EXPORTER: 'otlp, console',
      OTEL_METRICS_EXPORTER: 'none',
    });
    await get();
    await signals.flush();
    expect(dir).toHaveBeenCalledTimes(1);
    expect(receiver.spans()).toHaveLength(1);
  });
});

describe('OTEL_BSP_*', () => {
  test('_SCHEDULE_DELAY is how long a span waits', async () => {
    const receiver = await startReceiver();
    const { get } = await startService({ ...endpoint(receiver), OTEL_BSP_SCHEDULE_DELAY: '1' });
    await get();
    expect(await receiver.waitForSpans(1)).toHaveLength(1);
  });

  test('_MAX_EXPORT_BATCH_SIZE is how many leave together, at once', async () => {
    const receiver = await startReceiver();
    const { get, burst } = await startService({
      ...endpoint(receiver),
      OTEL_BSP_SCHEDULE_DELAY: '3600000',
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '3',
    });
    await burst(2);
    await get();
    expect(await receiver.waitForSpans(3)).toHaveLength(3);
    expect(receiver.requests).toHaveLength(1);
  });

  test('_MAX_QUEUE_SIZE is how many wait; what comes on top is counted', async () => {
    const receiver = await startReceiver();
    const { burst, signals } = await startService({
      ...endpoint(receiver),
      OTEL_BSP_SCHEDULE_DELAY: '3600000',
      OTEL_BSP_MAX_QUEUE_SIZE: '10',
    });
    await receiver.behave('hang');
    await burst(25);
    await receiver.waitForRequests(1);
    await receiver.behave('ok');
    // The first ten were a batch, which hangs until its own time-out; five of the others found the queue full.
    await signals.shutdown();
    const dropped = receiver.metrics().filter(({ name }) => name === 'golden_signals.dropped');
    expect(dropped.at(-1)).toMatchObject({
      value: 5,
      attributes: { 'golden_signals.reason': 'queue_full' },
      type: 'sum',
      isMonotonic: true,
    });
  });

  test('_EXPORT_TIMEOUT ends an export that takes longer', async () => {
    const receiver = await startReceiver();
    await receiver.behave('hang');
    const { get, signals, lines } = await startService({
      ...endpoint(receiver),
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_BSP_EXPORT_TIMEOUT: '20',
    });
    await get();
    await signals.flush();
    expect(lines[0]).toContain('spans: no answer within 20 ms');
  });
});

describe('OTEL_METRIC_EXPORT_*', () => {
  test('_INTERVAL is how often metrics leave', async () => {
    const receiver = await startReceiver();
    const { get } = await startService({ ...endpoint(receiver), OTEL_METRIC_EXPORT_INTERVAL: '20' });
    await get();
    const isDuration = ({ name }: { name: string }) => name === 'http.server.request.duration';
    await receiver.waitForMetrics(isDuration);
    receiver.clear();
    expect(await receiver.waitForMetrics(isDuration)).not.toEqual([]);
  });

  test('_TIMEOUT ends an export that takes longer', async () => {
    const receiver = await startReceiver();
    await receiver.behave('hang');
    const { get, signals, lines } = await startService({
      ...endpoint(receiver),
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_METRIC_EXPORT_TIMEOUT: '20',
    });
    await get();
    await signals.flush();
    expect(lines[0]).toContain('metrics: no answer within 20 ms');
  });
});

describe('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', () => {
  test('delta sends what has come since the last export, of our series and of the user’s', async () => {
    const receiver = await startReceiver();
    const { burst, signals } = await startService({
      ...endpoint(receiver),
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta',
    });
    const sold = signals.meter.createCounter('sold');
    await burst(3);
    sold.add(3);
    await signals.flush();
    await burst(2);
    sold.add(2);
    await signals.flush();
    await signals.flush();

    const of = (metric: string) => receiver.metrics().filter(({ name }) => name === metric);
    const durations = of('http.server.request.duration');
    expect(durations.map(({ temporality, count }) => [temporality, count])).toEqual([
      ['DELTA', 3],
      ['DELTA', 2],
    ]);
    expect(durations[1]?.startTimeUnixNano).toBe(durations[0]?.timeUnixNano);
    expect(durations.map(({ counts }) => counts?.reduce((sum, count) => sum + count))).toEqual([3, 2]);
    expect(of('sold').map(({ temporality, value }) => [temporality, value])).toEqual([
      ['DELTA', 3],
      ['DELTA', 2],
    ]);
    // What goes up and down stays what it is.
    expect(of('http.server.active_requests').map(({ temporality }) => temporality)).toContain('CUMULATIVE');
  });

  test('is cumulative by default', async () => {
    const receiver = await startReceiver();
    const { burst, signals } = await startService(endpoint(receiver));
    await burst(3);
    await signals.flush();
    await burst(2);
    await signals.flush();
    const durations = receiver.metrics().filter(({ name }) => name === 'http.server.request.duration');
    expect(durations.map(({ temporality, count }) => [temporality, count])).toEqual([
      ['CUMULATIVE', 3],
      ['CUMULATIVE', 5],
    ]);
    expect(durations[1]?.startTimeUnixNano).toBe(durations[0]?.startTimeUnixNano);
  });
});

describe('OTEL_SDK_DISABLED', () => {
  test('true sends nothing and leaves the application as it was', async () => {
    const receiver = await startReceiver();
    const { get, signals } = await startService({ ...endpoint(receiver), OTEL_SDK_DISABLED: 'true' });
    expect(await get()).toEqual({ status: 200, body: 'ok' });
    signals.tracer.startSpan('work').end();
    signals.meter.createCounter('sold').add(1);
    await signals.flush();
    await signals.shutdown();
    expect(receiver.requests).toEqual([]);
  });
});

describe('OTEL_LOG_LEVEL', () => {
  const broken = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_EXPORTER_OTLP_TIMEOUT: '50' };

  test('none silences what the library has to say', async () => {
    const { get, signals, lines } = await startService({
      ...broken,
      OTEL_LOG_LEVEL: 'none',
      OTEL_TRACES_SAMPLER: 'nonsense',
    });
    await get();
    await signals.flush();
    expect(lines).toEqual([]);
  });

  test('debug lets OpenTelemetry speak through the same place, in whole sentences, until the shutdown', async () => {
    const receiver = await startReceiver();
    const { get, signals, lines } = await startService({ ...endpoint(receiver), OTEL_LOG_LEVEL: 'debug' });
    diag.createComponentLogger({ namespace: 'mine' }).debug('said', { big: 'object' }, new Error('why'));
    await get();
    await signals.flush();
    expect(lines).toContain('opentelemetry debug: mine said Error: why');
    expect(lines).toContainEqual(expect.stringMatching(/^opentelemetry debug: \d+ bytes for http:\/\/127/));
    await signals.shutdown();
    const before = lines.length;
    diag.debug('after');
    expect(lines).toHaveLength(before);
  });

  test('leaves an own logger of the application alone', async () => {
    const logger = { error() {}, warn() {}, info() {}, debug: vi.fn(), verbose() {} };
    diag.setLogger(logger, { logLevel: 70 });
    try {
      const { lines, signals } = await startService({ OTEL_SDK_DISABLED: 'true', OTEL_LOG_LEVEL: 'debug' });
      await signals.shutdown();
      diag.debug('still here');
      expect(lines).toEqual([]);
      expect(logger.debug).toHaveBeenCalledWith('still here');
    } finally {
      diag.disable();
    }
  });
});

describe('a value that cannot be understood', () => {
  test.each([
    ['OTEL_SDK_DISABLED', 'yes'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
    ['OTEL_EXPORTER_OTLP_TIMEOUT', 'soon'],
    ['OTEL_EXPORTER_OTLP_COMPRESSION', 'zstd'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'nothing'],
    ['OTEL_TRACES_EXPORTER', 'zipkin'],
    ['OTEL_METRICS_EXPORTER', 'statsd'],
    ['OTEL_TRACES_SAMPLER', 'xray'],
    ['OTEL_TRACES_SAMPLER_ARG', 'half'],
    ['OTEL_PROPAGATORS', 'ottrace'],
    ['OTEL_BSP_MAX_QUEUE_SIZE', '-1'],
    ['OTEL_BSP_SCHEDULE_DELAY', '1.5'],
    ['OTEL_METRIC_EXPORT_INTERVAL', '-3'],
    ['OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', 'gamma'],
    ['OTEL_RESOURCE_ATTRIBUTES', 'novalue'],
    ['OTEL_LOG_LEVEL', 'loud'],
  ])('in %s costs one line, and the default is taken', async (name, value) => {
    const receiver = await startReceiver();
    const { get, signals, lines } = await startService({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/v1/traces`,
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${receiver.url}/v1/metrics`,
      [name]: value,
    });
    await get('/', { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' });
    await signals.flush();
    expect(lines.filter((line) => line.includes(name))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('golden-signals'))).toHaveLength(1);
    expect(lines.join()).not.toContain(value);
    expect(receiver.spans()).toMatchObject([{ traceId: '0af7651916cd43dd8448eb211c80319c' }]);
    expect(receiver.metrics().map(({ name: metric }) => metric)).toContain('http.server.request.duration');
  });
});
