import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

/** Takes OTLP/HTTP in JSON on a free port, and keeps the spans and the points of histograms that arrive. */
export async function startReceiver() {
  const spans = [];
  /** Cumulative: a later point of the same series takes the place of the earlier one. */
  const points = new Map();

  const server = createServer(async (req, res) => {
    try {
      const message = await json(req);
      for (const span of spansIn(message)) spans.push(span);
      for (const point of pointsIn(message)) {
        points.set(JSON.stringify([point.service, point.metric, point.attributes]), point);
      }
      res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    } catch {
      res.writeHead(400).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `http://127.0.0.1:${server.address().port}`,
    spans,
    points: () => [...points.values()],
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function* spansIn({ resourceSpans = [] }) {
  for (const { resource, scopeSpans } of resourceSpans) {
    const service = attributesOf(resource.attributes)['service.name'];
    for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
      const { traceId, spanId, parentSpanId, name, attributes, status } = span;
      yield {
        service,
        traceId,
        spanId,
        parentSpanId: parentSpanId === '' ? undefined : parentSpanId,
        name,
        startMs: Number(BigInt(span.startTimeUnixNano) / 1_000n) / 1_000,
        durationMs: Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1_000_000,
        isError: status?.code === 2,
        attributes: attributesOf(attributes),
      };
    }
  }
}

function* pointsIn({ resourceMetrics = [] }) {
  for (const { resource, scopeMetrics } of resourceMetrics) {
    const service = attributesOf(resource.attributes)['service.name'];
    for (const { name: metric, histogram } of scopeMetrics.flatMap((scope) => scope.metrics)) {
      for (const point of histogram?.dataPoints ?? []) {
        yield {
          service,
          metric,
          attributes: attributesOf(point.attributes),
          count: Number(point.count),
          bounds: point.explicitBounds,
          bucketCounts: point.bucketCounts.map(Number),
        };
      }
    }
  }
}

/** `[{ key, value: { stringValue } }]` as an object; 64-bit numbers may come as text. */
function attributesOf(list = []) {
  return Object.fromEntries(
    list.map(({ key, value }) => {
      const { intValue, stringValue, doubleValue, boolValue } = value;
      return [key, intValue === undefined ? (stringValue ?? doubleValue ?? boolValue) : Number(intValue)];
    }),
  );
}
