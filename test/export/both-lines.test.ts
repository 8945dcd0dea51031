import * as metricsThree from '@opentelemetry/sdk-metrics';
import * as metricsTwo from '@opentelemetry/sdk-metrics-2';
import * as traceThree from '@opentelemetry/sdk-trace';
import * as traceTwo from '@opentelemetry/sdk-trace-base';
import { describe, expect, test } from 'vitest';
import { startService } from './support/service.js';

// What an application has written against its own SDK stays as it is.
const two = {
  spans: new traceTwo.InMemorySpanExporter(),
  metrics: new metricsTwo.InMemoryMetricExporter(metricsTwo.AggregationTemporality.CUMULATIVE),
};
const three = {
  spans: new traceThree.InMemorySpanExporter(),
  metrics: new metricsThree.InMemoryMetricExporter(metricsThree.AggregationTemporality.CUMULATIVE),
};
const lines = [
  {
    line: '2.x',
    ...two,
    processors: [new traceTwo.SimpleSpanProcessor(two.spans), new traceTwo.BatchSpanProcessor(two.spans)],
    reader: new metricsTwo.PeriodicExportingMetricReader({ exporter: two.metrics }),
  },
  {
    line: '3.x',
    ...three,
    processors: [
      new traceThree.SimpleSpanProcessor({ exporter: three.spans }),
      new traceThree.BatchSpanProcessor({ exporter: three.spans }),
    ],
    reader: new metricsThree.PeriodicExportingMetricReader({ exporter: three.metrics }),
  },
];

describe.each(lines)('processors and readers of SDK $line', ({ processors, reader, spans, metrics }) => {
  test('get the spans and metrics that are ours, and those of the user', async () => {
    const service = await startService(
      { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' },
      { service: 'orders', traces: { processors }, metrics: { readers: [reader] } },
      (_req, res) => {
        service.signals.tracer.startSpan('work', { attributes: { a: 1 } }).end();
        service.signals.meter.createCounter('sold').add(2, { kind: 'book' });
        res.end('ok');
      },
    );
    await service.get('/orders/7');
    await service.signals.flush();

    const all = spans.getFinishedSpans();
    expect(all.map(({ name }) => name).sort()).toEqual(['GET', 'GET', 'work', 'work']);
    for (const { name, resource, attributes } of all) {
      expect(resource.attributes).toMatchObject({ 'service.name': 'orders' });
      expect(attributes).toMatchObject(name === 'work' ? { a: 1 } : { 'http.response.status_code': 200 });
    }
    const points = metrics
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
      .map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints[0]?.value]);
    expect(points).toContainEqual(['sold', 2]);
    expect(points).toContainEqual(['http.server.request.duration', expect.objectContaining({ count: 1 })]);
  });
});
