import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { OtlpConfig } from '../../src/export/otlp-config.js';
import { OtlpTransport } from '../../src/export/otlp-transport.js';
import { Urgency } from '../../src/export/urgency.js';
import { createFakeClock, settled } from '../support/fake-clock.js';
import { startReceiver } from './support/service.js';

const body = Buffer.from('{}');

/** A transport whose waiting is moved by hand; its sockets are real. */
function create(url: string, config: Partial<OtlpConfig> = {}, readAnswer: () => void = () => {}) {
  const clock = createFakeClock();
  const urgency = new Urgency();
  const delays: number[] = [];
  const timers = {
    set(run: () => void, delayMs: number) {
      delays.push(delayMs);
      return clock.set(run, delayMs);
    },
    clear: clock.clear,
  };
  const transport = new OtlpTransport({
    config: {
      protocol: 'http/json',
      url: new URL(url),
      headers: {},
      timeoutMs: 10_000,
      compression: 'none',
      tls: {},
      ...config,
    },
    clock,
    random: () => 0.5,
    timers,
    urgency,
    readAnswer,
  });
  onTestFinished(() => transport.shutdown());
  return {
    transport,
    clock,
    urgency,
    send: () => transport.send(body, 10_000),
    /** The length of a wait, once it has begun: of an attempt, the pause behind it, the next attempt, and so on. */
    async wait(index: number) {
      while (delays.length <= index) await settled();
      return delays[index] as number;
    },
  };
}

async function startServer(listener: RequestListener) {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`;
}

describe('an answer', () => {
  test('of 200 ends the export', async () => {
    const receiver = await startReceiver();
    const { send } = create(`${receiver.url}/v1/traces`);
    expect(await send()).toEqual({ status: 'success' });
    expect(receiver.requests).toHaveLength(1);
  });

  test.each([400, 401, 404, 413, 500])('of %d ends it without a retry', async (status) => {
    const receiver = await startReceiver();
    await receiver.behave({ status });
    const { send } = create(`${receiver.url}/v1/traces`);
    expect(await send()).toMatchObject({ status: 'failure', error: { message: `status ${status}` } });
    expect(receiver.requests).toHaveLength(1);
  });

  test.each([429, 502, 503, 504])('of %d is retried after what Retry-After says', async (status) => {
    const receiver = await startReceiver();
    await receiver.behave({ status, headers: { 'retry-after': '3' } }, 1);
    const { send, clock, wait } = create(`${receiver.url}/v1/traces`);
    const sent = send();
    expect(await wait(1)).toBe(3_000);
    expect(receiver.requests).toHaveLength(1);
    await clock.advance(3_000);
    expect(await sent).toEqual({ status: 'success' });
    expect(receiver.requests).toHaveLength(2);
  });

  test('may name the time of the retry as a date', async () => {
    const receiver = await startReceiver();
    const { send, clock, wait } = create(`${receiver.url}/v1/traces`);
    const at = new Date(clock.epochMs() + 4_000).toUTCString();
    await receiver.behave({ status: 503, headers: { 'retry-after': at } }, 1);
    const sent = send();
    expect(await wait(1)).toBe(4_000);
    await clock.advance(4_000);
    expect(await sent).toEqual({ status: 'success' });
  });

  test('that asks for a retry past the time-out is the last one', async () => {
    const receiver = await startReceiver();
    await receiver.behave({ status: 503, headers: { 'retry-after': '10' } });
    const { send } = create(`${receiver.url}/v1/traces`);
    expect(await send()).toMatchObject({ status: 'retryable', error: { message: 'status 503' } });
    expect(receiver.requests).toHaveLength(1);
  });

  test('without Retry-After is retried after a growing pause', async () => {
    const receiver = await startReceiver();
    await receiver.behave({ status: 503 }, 2);
    const { send, clock, wait } = create(`${receiver.url}/v1/traces`);
    const sent = send();
    expect(await wait(1)).toBe(1_000);
    await clock.advance(1_000);
    expect(await wait(3)).toBe(1_500);
    await clock.advance(1_500);
    expect(await sent).toEqual({ status: 'success' });
  });

  test('that asks for a retry at once gets no more than five', async () => {
    const receiver = await startReceiver();
    await receiver.behave({ status: 503, headers: { 'retry-after': '0' } });
    const { send } = create(`${receiver.url}/v1/traces`);
    expect(await send()).toMatchObject({ status: 'retryable' });
    expect(receiver.requests).toHaveLength(6);
  });

  test('that is not HTTP is no answer of a collector', async () => {
    const receiver = await startReceiver();
    await receiver.behave({ garbage: 'bytes' });
    const { send } = create(`${receiver.url}/v1/traces`);
    expect(await send()).toMatchObject({
      status: 'failure',
      error: { message: 'what answers there does not speak HTTP' },
    });
  });

  test('that cannot be read is none either', async () => {
    const receiver = await startReceiver();
    await receiver.behave({ garbage: 'html' });
    const { send } = create(`${receiver.url}/v1/traces`, {}, () => {
      throw new Error('no');
    });
    expect(await send()).toMatchObject({
      status: 'failure',
      error: { message: 'what answers there is no collector' },
    });
  });

  test('too long to be one is not read: its status counts', async () => {
    const url = await startServer((_req, res) => {
      const fill = () => {
        while (res.write('x'.repeat(10_000)));
      };
      res.on('drain', fill);
      fill();
    });
    const { send } = create(url, {}, () => {
      throw new Error('must not be read');
    });
    expect(await send()).toEqual({ status: 'success' });
  });

  test('that breaks off after its status counts by that', async () => {
    const url = await startServer((_req, res) => {
      res.writeHead(200, { 'content-length': 10 }).write('x', () => res.destroy());
    });
    expect(await create(url).send()).toEqual({ status: 'success' });
  });
});

describe('no answer', () => {
  test('from a closed port is retried until the collector is there', async () => {
    const receiver = await startReceiver();
    await receiver.behave('refuse');
    const { send, clock, wait } = create(`${receiver.url}/v1/traces`);
    const sent = send();
    expect(await wait(1)).toBe(1_000);
    await receiver.behave('ok');
    await clock.advance(1_000);
    expect(await sent).toEqual({ status: 'success' });
  });

  test('but a reset is retried after a pause', async () => {
    const receiver = await startReceiver();
    await receiver.behave('reset', 1);
    const { send, clock, wait } = create(`${receiver.url}/v1/traces`);
    const sent = send();
    expect(await wait(1)).toBe(1_000);
    await clock.advance(1_000);
    expect(await sent).toEqual({ status: 'success' });
  });

  test('at all ends the export at its time-out', async () => {
    const receiver = await startReceiver();
    await receiver.behave('hang');
    const { send, clock } = create(`${receiver.url}/v1/traces`);
    const sent = send();
    await receiver.waitForRequests(1);
    await clock.advance(10_000);
    expect(await sent).toMatchObject({
      status: 'failure',
      error: { message: 'no answer within 10000 ms' },
    });
  });

  test('on a kept connection that the collector had closed is sent again at once', async () => {
    const seen = new WeakSet<object>();
    let requests = 0;
    const url = await startServer((req, res) => {
      requests += 1;
      if (seen.has(req.socket)) req.socket.resetAndDestroy();
      seen.add(req.socket);
      res.end();
    });
    const { send } = create(url);
    expect(await send()).toEqual({ status: 'success' });
    expect(await send()).toEqual({ status: 'success' });
    expect(requests).toBe(3);
  });
});

describe('a service that shuts down', () => {
  test('tries once more at once, and does not wait for a collector that is not there', async () => {
    const receiver = await startReceiver();
    await receiver.behave('refuse');
    const { send, urgency, wait } = create(`${receiver.url}/v1/traces`);
    const sent = send();
    expect(await wait(1)).toBe(1_000);
    urgency.begin();
    expect(await sent).toMatchObject({ error: { code: 'ECONNREFUSED' } });
    expect(await send()).toMatchObject({ error: { code: 'ECONNREFUSED' } });
  });

  test('still does as a collector asks that is there', async () => {
    const receiver = await startReceiver();
    await receiver.behave({ status: 503, headers: { 'retry-after': '1' } }, 1);
    const { send, clock, urgency, wait } = create(`${receiver.url}/v1/traces`);
    urgency.begin();
    const sent = send();
    expect(await wait(1)).toBe(1_000);
    await clock.advance(1_000);
    expect(await sent).toEqual({ status: 'success' });
  });
});

describe('a shutdown', () => {
  test('opens no connection for what was still being compressed', async () => {
    const receiver = await startReceiver();
    const { transport, send } = create(`${receiver.url}/v1/traces`, { compression: 'gzip' });
    const sent = send();
    transport.shutdown();

    expect(await sent).toMatchObject({
      status: 'failure',
      error: { message: 'no answer before the shutdown' },
    });
    expect(receiver.requests).toEqual([]);
  });

  test('ends what waits for an answer', async () => {
    const receiver = await startReceiver();
    await receiver.behave('hang');
    const { transport, send } = create(`${receiver.url}/v1/traces`);
    const sent = send();
    await receiver.waitForRequests(1);
    transport.shutdown();
    expect(await sent).toMatchObject({ error: { message: 'no answer before the shutdown' } });
  });

  test('ends what waits for a retry', async () => {
    const receiver = await startReceiver();
    await receiver.behave({ status: 503 });
    const { transport, clock, send, wait } = create(`${receiver.url}/v1/traces`);
    const sent = send();
    await wait(1);
    transport.shutdown();
    expect(await sent).toMatchObject({ error: { message: 'status 503' } });
    expect(clock.pending).toBe(0);
    expect(receiver.requests).toHaveLength(1);
  });
});

describe('a request', () => {
  test('carries the headers given, and those that say what it is', async () => {
    const receiver = await startReceiver();
    const headers = { 'x-tenant': 'shop', 'user-agent': 'mine', 'content-type': 'text/plain' };
    await create(`${receiver.url}/v1/traces`, { headers }).send();
    expect(receiver.requests[0]?.headers).toMatchObject({
      'x-tenant': 'shop',
      'content-type': 'application/json',
      'content-length': '2',
    });
    expect(receiver.requests[0]?.headers['user-agent']).toMatch(/^golden-signals\//);
  });

  test('may be compressed', async () => {
    const received: Buffer[] = [];
    const url = await startServer(async (req, res) => {
      for await (const chunk of req) received.push(chunk);
      res.setHeader('seen', String(req.headers['content-encoding'])).end();
    });
    await create(url, { compression: 'gzip' }).send();
    expect(gunzipSync(Buffer.concat(received)).toString()).toBe('{}');
  });
});
