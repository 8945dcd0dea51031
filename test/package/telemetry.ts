import { expect, onTestFinished } from 'vitest';
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.js';
import type { Scratch } from './scratch.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const CALLER_ID = 'b7ad6b7169203331';

/** The traceparent of the caller whose trace the app must continue. */
export const CALLER = `00-${TRACE_ID}-${CALLER_ID}-01`;

export async function collector(): Promise<OtlpReceiver> {
  const receiver = await startOtlpReceiver();
  onTestFinished(() => receiver.close());
  return receiver;
}

/** One request of a traced caller; then the app stops and what it sent must be there. */
export async function expectTelemetry(
  scratch: Scratch,
  args: readonly string[],
  stop: 'shutdown()' | 'SIGTERM',
): Promise<void> {
  const receiver = await collector();
  const app = await scratch.start(args, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
  onTestFinished(() => void app.process.kill('SIGKILL'));

  const response = await fetch(`http://127.0.0.1:${app.port}/orders/7`, { headers: { traceparent: CALLER } });
  expect({ status: response.status, body: await response.json() }).toEqual({
    status: 200,
    body: { id: '7' },
  });

  if (stop === 'SIGTERM') app.process.kill('SIGTERM');
  else app.process.send('stop');
  // Ended by SIGKILL means that it was still running then; its own limit is below that of a test, to fail with that reason.
  const guard = setTimeout(() => app.process.kill('SIGKILL'), 60_000);
  const ended = await app.finished;
  clearTimeout(guard);
  expect(ended.stderr).not.toMatch(/warning/i);
  expect(ended.exit, ended.stderr).toBe(0);
  expectOneRequest(receiver, 'orders');
}

/** `service` is left out where the program that runs is not the app's own. */
export function expectOneRequest(receiver: OtlpReceiver, service?: string): void {
  const common = service === undefined ? {} : { resource: { 'service.name': service } };
  expect(receiver.spans().filter(({ kind }) => kind === 'SERVER')).toMatchObject([
    {
      ...common,
      name: 'GET /orders/:id',
      traceId: TRACE_ID,
      parentSpanId: CALLER_ID,
      attributes: {
        'http.request.method': 'GET',
        'http.route': '/orders/:id',
        'http.response.status_code': 200,
      },
    },
  ]);
  // Cumulative, so what was flushed before the shutdown comes again with it: the last one counts.
  const points = receiver.metrics().filter(({ name }) => name === 'http.server.request.duration');
  expect(points.at(-1)).toMatchObject({
    ...common,
    type: 'histogram',
    unit: 's',
    temporality: 'CUMULATIVE',
    count: 1,
    attributes: { 'http.route': '/orders/:id' },
  });
  expect(receiver.requests.flatMap(({ problem }) => problem ?? [])).toEqual([]);
}
