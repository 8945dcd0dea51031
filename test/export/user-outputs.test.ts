import { type Context, trace } from '@opentelemetry/api';
import { AggregationTemporality, type DataPoint, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { describe, expect, test } from 'vitest';
import type { Options } from '../../src/index.js';
import { startReceiver, startService } from './support/service.js';

class UserReader extends MetricReader {
  flushes = 0;
  isShutDown = false;

  constructor(temporality: AggregationTemporality = AggregationTemporality.CUMULATIVE) {
    super({ aggregationTemporalitySelector: () => temporality });
  }

  protected override async onForceFlush(): Promise<void> {
    this.flushes += 1;
  }

  protected override async onShutdown(): Promise<void> {
    this.isShutDown = true;
  }

  /** The values of a metric's points, or their counts. */
  async valuesOf(name: string): Promise<unknown[]> {
    const { resourceMetrics, errors } = await this.collect();
    expect(errors).toEqual([]);
    return resourceMetrics.scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .filter(({ descriptor }) => descriptor.name === name)
      .flatMap(({ dataPoints }) => dataPoints as DataPoint<unknown>[])
      .map(({ value }) => (value as { count?: number }).count ?? value);
  }
}

/** A service that exports nothing itself. */
const start = (options: Options) =>
  startService({ OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' }, options);

describe('a metric reader of the user’s', () => {
  test('reads our metrics and his own, cumulative', async () => {
    const reader = new UserReader();
    const { burst, signals } = await start({ metrics: { readers: [reader] } });
    const sold = signals.meter.createCounter('sold');
    await burst(2);
    sold.add(2);
    expect(await reader.valuesOf('http.server.request.duration')).toEqual([2]);
    expect(await reader.valuesOf('sold')).toEqual([2]);
    await burst(1);
    sold.add(1);
    expect(await reader.valuesOf('http.server.request.duration')).toEqual([3]);
    expect(await reader.valuesOf('sold')).toEqual([3]);
  });

  test('reads them as increments where it wants those', async () => {
    const reader = new UserReader(AggregationTemporality.DELTA);
    const { burst, signals } = await start({ metrics: { readers: [reader] } });
    const sold = signals.meter.createCounter('sold');
    await burst(2);
    expect(await reader.valuesOf('http.server.request.duration')).toEqual([2]);
    await burst(1);
    sold.add(1);
    expect(await reader.valuesOf('http.server.request.duration')).toEqual([1]);
    expect(await reader.valuesOf('http.server.request.duration')).toEqual([]);
  });

  test('keeps its own account beside another and beside the exporter', async () => {
    const receiver = await startReceiver();
    const [delta, cumulative] = [new UserReader(AggregationTemporality.DELTA), new UserReader()];
    const { burst, signals } = await startService(
      { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
      { metrics: { readers: [delta, cumulative] } },
    );
    await burst(2);
    expect(await delta.valuesOf('http.server.request.duration')).toEqual([2]);
    await burst(1);
    await signals.flush();
    expect(await delta.valuesOf('http.server.request.duration')).toEqual([1]);
    expect(await cumulative.valuesOf('http.server.request.duration')).toEqual([3]);
    const exported = receiver.metrics().filter(({ name }) => name === 'http.server.request.duration');
    expect(exported.map(({ count }) => count)).toEqual([3]);
  });

  test('is flushed and shut down with the service', async () => {
    const reader = new UserReader();
    const { signals } = await start({ metrics: { readers: [reader] } });
    await signals.flush();
    expect(reader.flushes).toBe(1);
    await signals.shutdown();
    expect(reader.isShutDown).toBe(true);
  });

  test('that fails, or belongs to another provider, keeps nothing else from working', async () => {
    const receiver = await startReceiver();
    const taken = new UserReader();
    taken.setMetricProducer({ collect: () => Promise.reject(new Error('other')) });
    const broken = new UserReader();
    broken.forceFlush = () => {
      throw new Error('broken');
    };
    broken.shutdown = () => Promise.reject(new Error('broken'));
    const { burst, signals, lines } = await startService(
      { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
      { metrics: { readers: [taken, broken] } },
    );
    expect(await burst(2)).toBe(2);
    await signals.flush();
    await signals.shutdown();
    expect(receiver.metrics().map(({ name }) => name)).toContain('http.server.request.duration');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('metrics.readers');
  });
});

describe('a meter that is asked for late', () => {
  test.each([
    ['delta', [1, 2]],
    ['cumulative', [1, 3]],
  ])('joins what is being exported, which goes on as it was (%s)', async (temporality, counts) => {
    const receiver = await startReceiver();
    const { burst, signals } = await startService({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: temporality,
    });
    await burst(1);
    await signals.flush();
    signals.meter.createCounter('sold').add(5);
    await burst(2);
    await signals.flush();
    const valuesOf = (name: string) =>
      receiver
        .metrics()
        .filter((point) => point.name === name)
        .map(({ value, count }) => Number(count ?? value));
    expect(valuesOf('http.server.request.duration')).toEqual(counts);
    expect(valuesOf('sold')).toEqual([5]);
  });
});

describe('a span processor of the user’s', () => {
  test('sees our spans and those of the API begin and end, with all there is to read', async () => {
    const seen: string[] = [];
    const ended: ReadableSpan[] = [];
    const processor: SpanProcessor = {
      onStart(span, parent: Context) {
        seen.push(`start ${span.name} ${typeof parent.getValue}`);
        span.setAttribute('mine', 1);
      },
      onEnd(span) {
        seen.push(`end ${span.name}`);
        ended.push(span);
      },
      async forceFlush() {
        seen.push('flush');
      },
      async shutdown() {
        seen.push('shutdown');
      },
    };
    const { get, signals } = await start({ traces: { processors: [processor] } });
    await get('/orders/7');
    signals.tracer.startSpan('work').end();
    await signals.flush();
    await signals.shutdown();
    expect(seen).toEqual([
      'start GET function',
      'end GET',
      'start work function',
      'end work',
      'flush',
      // A shutdown sends what waits when it begins, and at its end.
      'flush',
      'shutdown',
    ]);
    expect(ended[0]).toMatchObject({
      attributes: { mine: 1, 'url.path': '/orders/7', 'http.response.status_code': 200 },
      ended: true,
      instrumentationScope: { name: 'golden-signals' },
    });
    expect(ended[0]?.duration).toEqual([0, expect.any(Number)]);
    expect(ended[1]?.attributes).toEqual({ mine: 1 });
  });

  test('may take out of a span that has ended what is not to leave the process', async () => {
    const receiver = await startReceiver();
    const redacting: SpanProcessor = {
      onStart() {},
      onEnd(span) {
        if ('secret' in span.attributes) span.attributes.secret = 'REDACTED';
      },
      async forceFlush() {},
      async shutdown() {},
    };
    const { get, signals } = await startService(
      { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_METRICS_EXPORTER: 'none' },
      { traces: { processors: [redacting] } },
      (_req, res) => {
        trace.getActiveSpan()?.setAttribute('secret', 'of the request');
        res.end('ok');
      },
    );
    await get('/orders/7');
    signals.tracer.startSpan('work', { attributes: { secret: 'of the work' } }).end();
    await signals.flush();
    expect(receiver.spans().map(({ attributes }) => attributes.secret)).toEqual(['REDACTED', 'REDACTED']);
  });

  test('may be one of the SDK’s', async () => {
    const exporter = new InMemorySpanExporter();
    const processors = [new SimpleSpanProcessor(exporter)];
    const { get } = await start({ traces: { processors } });
    await get();
    expect(exporter.getFinishedSpans()).toMatchObject([{ name: 'GET', kind: 1 }]);
  });

  test('hears of nothing that is not recorded', async () => {
    const exporter = new InMemorySpanExporter();
    const processors = [new SimpleSpanProcessor(exporter)];
    const { get } = await start({ traces: { sampleRatio: 0, processors } });
    await get();
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  test('that throws harms neither a request nor the user’s own code, nor the processors beside it', async () => {
    const receiver = await startReceiver();
    const exporter = new InMemorySpanExporter();
    const fail = () => {
      throw new Error('broken');
    };
    const broken = {
      onStart: fail,
      onEnd: fail,
      forceFlush: fail,
      shutdown: fail,
    } as unknown as SpanProcessor;
    const partial = { onStart() {}, onEnd() {} } as unknown as SpanProcessor;
    const { burst, signals, lines } = await startService(
      { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
      { traces: { processors: [broken, partial, new SimpleSpanProcessor(exporter)] } },
    );
    expect(await burst(5)).toBe(5);
    signals.tracer.startSpan('work').end();
    await signals.flush();
    expect(exporter.getFinishedSpans()).toHaveLength(6);
    expect(receiver.spans()).toHaveLength(6);
    await signals.shutdown();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('traces.processors');
  });

  test('that never ends its shutdown does not hold ours', async () => {
    const never = () => new Promise<void>(() => {});
    const hanging: SpanProcessor = { onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: never };
    const { signals } = await start({ traces: { processors: [hanging] } });
    expect(await signals.shutdown()).toBeUndefined();
  });
});
