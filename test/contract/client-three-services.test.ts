import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { installTarball, pick, type RunningApp, type Scratch } from '../package/scratch.js';
import { type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.js';
import { startMisbehavingServer } from './clients/misbehaving-server.js';

const CALLER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

let scratch: Scratch;

beforeAll(async () => {
  scratch = await installTarball(pick('express', 'fastify', 'axios', 'undici7'));
  for (const name of ['service.cjs', 'service.mjs'])
    await scratch.write(name, await readFile(join(__dirname, 'clients', name), 'utf8'));
}, 240_000);

afterAll(() => scratch?.remove());

test.each(['service.cjs', 'service.mjs'])(
  'one request through three services is one trace: %s',
  async (file) => {
    const receiver = await startOtlpReceiver();
    const upstream = await startMisbehavingServer();
    onTestFinished(() => Promise.all([receiver.close(), upstream.close()]).then(() => {}));
    const start = async (kind: string, next: string): Promise<RunningApp> => {
      const app = await scratch.start([file, kind, next], {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_SERVICE_NAME: kind,
      });
      onTestFinished(() => void app.process.kill('SIGKILL'));
      return app;
    };
    const payments = await start('payments', `http://127.0.0.1:${upstream.port}/ok?case=last`);
    const stock = await start('stock', `http://127.0.0.1:${payments.port}/charge`);
    const orders = await start('orders', `http://127.0.0.1:${stock.port}/stock/7`);

    const response = await fetch(`http://127.0.0.1:${orders.port}/orders/7`, {
      headers: {
        traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-01`,
        tracestate: 'vendor=1',
        baggage: 'tenant=7',
      },
    });
    expect([response.status, await response.text()]).toEqual([200, 'hello']);
    for (const { process: child } of [orders, stock, payments]) child.send('stop');
    const ended = await Promise.all([orders, stock, payments].map(({ finished }) => finished));
    expect(ended).toMatchObject(Array(3).fill({ exit: 0 }));

    const chain = fromRoot(receiver.spans(), CALLER.spanId);
    expect(chain.map(({ name, kind, resource }) => `${resource['service.name']} ${kind} ${name}`)).toEqual([
      'orders SERVER GET /orders/:id',
      'orders CLIENT GET',
      'stock SERVER GET /stock/:id',
      'stock CLIENT GET',
      'payments SERVER GET',
      'payments CLIENT GET',
    ]);
    expect(receiver.spans()).toHaveLength(6);
    expect(new Set(receiver.spans().map(({ traceId }) => traceId))).toEqual(new Set([CALLER.traceId]));
    expect(upstream.seen('last')[0]?.headers).toMatchObject({
      traceparent: `00-${CALLER.traceId}-${chain.at(-1)?.spanId}-01`,
      tracestate: 'vendor=1',
      baggage: 'tenant=7',
    });
  },
);

/** The spans from a caller downwards, each the child of the one before. */
function fromRoot(spans: readonly ReceivedSpan[], callerId: string): ReceivedSpan[] {
  const child = spans.find(({ parentSpanId }) => parentSpanId === callerId);
  return child === undefined ? [] : [child, ...fromRoot(spans, child.spanId)];
}
