import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, trace } from '@opentelemetry/api';
import { expect, onTestFinished, test } from 'vitest';
import { instrument } from '../../src/index.js';

test('a call claims no random trace id for a span of another SDK that does not', async () => {
  const server = createServer((req, res) => res.end(req.headers.traceparent));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const signals = instrument(undefined, { shutdown: false, heartbeat: false, health: false });
  onTestFinished(async () => {
    await signals.shutdown();
    server.closeAllConnections();
    server.close();
  });
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const sent = (traceFlags: number) => {
    const span = trace.wrapSpanContext({ traceId, spanId: 'b7ad6b7169203331', traceFlags });
    return context.with(trace.setSpan(context.active(), span), async () => {
      const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      return response.text();
    });
  };
  expect(await sent(1)).toMatch(`00-${traceId}-`);
  expect((await sent(1)).slice(-2)).toBe('01');
  expect((await sent(3)).slice(-2)).toBe('03');
});
