// An OpenTelemetry SDK (0.223) with http instrumentation of its own, before us: what goes upstream, and its spans' names.
import { misbehave as upstream } from '../../fixtures/upstream.mjs';

export { upstream };

export async function service({ instrument, listen, require, upstream: url }) {
  const { NodeSDK } = require('@opentelemetry/sdk-node');
  const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
  new NodeSDK({ instrumentations: [new HttpInstrumentation()], metricReaders: [] }).start();
  const http = require('node:http');
  const { trace } = require('@opentelemetry/api');
  const server = http.createServer((req, res) => {
    const isActive = trace.getActiveSpan() !== undefined;
    http.get(`${url}/items`, (answer) =>
      answer.resume().on('end', () => res.end(`${answer.statusCode} ${isActive} ${req.url}`)),
    );
  });
  await instrument(server);
  await listen(server);
}

export async function drive({ client, observe }) {
  observe('get', await client.request({ path: '/a' }));
  observe(
    'traced',
    await client.request({
      path: '/b',
      headers: {
        traceparent: '00-11111111111111111111111111111111-2222222222222222-01',
        baggage: 'user=ann',
      },
    }),
  );
}

export const mask = [
  [/traceparent: 00-(1{32})-\w+-/g, 'traceparent: 00-$1-<span>-'],
  [/traceparent: 00-(?!1{32})\w+-\w+-/g, 'traceparent: 00-<trace>-<span>-'],
];
