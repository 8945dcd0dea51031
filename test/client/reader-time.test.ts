import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { startService } from './support/service.js';
import { COPIES, loadCopy } from './support/undici.js';
import { startUpstream } from './support/upstream.js';

/** A response whose body waits until it is asked for. */
interface Unread {
  readAll(): Promise<number>;
  close(): void;
}

const clients: [string, (url: string) => Promise<Unread>][] = [
  [
    'http',
    async (url) => {
      const req = http.get(url, { agent: false });
      req.on('error', () => {});
      const [res] = (await once(req, 'response')) as [IncomingMessage];
      res.on('error', () => {});
      return { readAll: () => lengthOf(res), close: () => void res.destroy() };
    },
  ],
  [
    'fetch',
    async (url) => {
      const controller = new AbortController();
      const res = await fetch(url, { signal: controller.signal });
      return { readAll: () => lengthOf(res.body as never), close: () => controller.abort() };
    },
  ],
  ...COPIES.map((copy): [string, (url: string) => Promise<Unread>] => [
    copy,
    async (url) => {
      const { Agent, request } = await loadCopy(copy);
      const dispatcher = new Agent();
      onTestFinished(() => dispatcher.destroy());
      const { body } = await request(url, { dispatcher });
      body.on('error', () => {});
      return { readAll: () => lengthOf(body), close: () => void body.destroy() };
    },
  ]),
];

async function lengthOf(body: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0;
  for await (const chunk of body) length += chunk.length;
  return length;
}

const size = 1_000_000;

async function startSource() {
  return startUpstream({
    big: (_req, res) => void res.end(Buffer.alloc(size)),
    events(_req, res) {
      res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      res.write('data: 1\n\n');
    },
  });
}

describe.each(clients)("%s: the reader's time is not the upstream's", (_name, get) => {
  test('for the time-out: a body that waits for its reader is whole', async () => {
    const upstream = await startSource();
    const service = startService({ breaker: { timeoutMs: 1_500 } });
    const unread = await get(`${upstream.origin}/big`);
    const until = performance.now() + 2_500;
    await eventually('the time-out to be over', () => performance.now() > until);
    expect(await unread.readAll()).toBe(size);
    await service.settled();
    expect(service.signals.breakers.get(upstream.name)?.snapshot()).toMatchObject({ failures: 0 });
  });

  test('for the limit of calls under way: bodies that nobody reads keep no place', async () => {
    const upstream = await startSource();
    const service = startService({ breaker: { maxConcurrent: 2 } });
    const unread: Unread[] = [];
    // Each as soon as what is kept here of the bodies before is full.
    await eventually('a place for each', async () => {
      const one = await get(`${upstream.origin}/big`).catch(() => undefined);
      if (one !== undefined) unread.push(one);
      return unread.length === 6;
    });
    expect(unread).toHaveLength(6);
    for (const one of unread) one.close();
    await service.settled();
  });

  test('for a stream of events: it has no time-out, and no place', async () => {
    const upstream = await startSource();
    const service = startService({ breaker: { maxConcurrent: 1, timeoutMs: 1_500 } });
    const streams: Unread[] = [];
    for (let count = 0; count < 3; count += 1) streams.push(await get(`${upstream.origin}/events`));
    const until = performance.now() + 2_500;
    await eventually('the time-out to be over', () => performance.now() > until);
    const { calls = 0, failures, rejected } = service.signals.breakers.get(upstream.name)?.snapshot() ?? {};
    expect({ calls, failures, rejected }).toMatchObject({ failures: 0, rejected: 0 });
    for (const one of streams) one.close();
    await service.settled();
    expect(service.signals.breakers.get(upstream.name)?.snapshot()).toMatchObject({ failures: 0 });
  });
});
