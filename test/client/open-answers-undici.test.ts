import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { startService } from './support/service.js';
import { COPIES, loadCopy } from './support/undici.js';
import { startUpstream } from './support/upstream.js';

const bare = globalThis.fetch;

/** An upstream whose circuit is open because it has answered 500. */
async function startBroken() {
  const upstream = await startUpstream();
  const service = startService({ breaker: { minimumCalls: 2, openMs: 60_000 } });
  for (let index = 0; index < 2; index += 1) await (await fetch(`${upstream.origin}/500`)).text();
  const breaker = service.signals.breakers.get(upstream.name);
  expect(breaker?.rejectsAs).toBe('response');
  const { connections } = upstream;
  return {
    origin: upstream.origin,
    url: `${upstream.origin}/ok`,
    isUntouched: () => upstream.connections === connections,
  };
}

describe('fetch', () => {
  test('gets a response like any other, also by a reference from before', async () => {
    const { url, isUntouched } = await startBroken();
    for (const call of [fetch, bare]) {
      const response = await call(url);
      expect(response).toMatchObject({ status: 503, statusText: 'Service Unavailable', ok: false, url });
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(await response.json()).toMatchObject({ status: 503, code: 'ERR_CIRCUIT_OPEN' });
    }
    expect(isUntouched()).toBe(true);
  });

  test('has no body for HEAD, may be cloned, left unread and cancelled', async () => {
    const { url } = await startBroken();
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([503, '']);
    const response = await fetch(url);
    expect(await response.clone().text()).toBe(await response.text());
    await (await fetch(url)).body?.cancel();
    expect((await fetch(url)).status).toBe(503);
  });

  test('is aborted like any other', async () => {
    const { url } = await startBroken();
    const controller = new AbortController();
    const call = fetch(url, { signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('has its upload read to the end', async () => {
    const { url } = await startBroken();
    let pulled = 0;
    let isCancelled = false;
    const body = new ReadableStream({
      pull(controller) {
        pulled += 1;
        if (pulled > 20) controller.close();
        else controller.enqueue(new Uint8Array(1_000));
      },
      cancel() {
        isCancelled = true;
      },
    });
    const response = await fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit);
    await response.text();
    await eventually('the end of the upload', () => pulled === 21);
    expect([response.status, isCancelled]).toEqual([503, false]);
  });
});

// First of all: the copies are not in use yet.
describe.each(COPIES)('%s, loaded while the circuit is open', (name) => {
  test('passes it once, and is answered from then on', async () => {
    const { url } = await startBroken();
    const { Agent, request } = await loadCopy(name);
    const dispatcher = new Agent();
    const statuses = [];
    for (let nth = 0; nth < 3; nth += 1) {
      const { statusCode, body } = await request(url, { dispatcher });
      await body.dump();
      statuses.push(statusCode);
    }
    expect(statuses).toEqual([200, 503, 503]);
  });
});

describe.each(COPIES)('%s', (name) => {
  test('request, stream, pipeline and fetch get the answer', async () => {
    const { url, isUntouched } = await startBroken();
    const { fetch: call, pipeline: pipe, request, stream } = await loadCopy(name);
    const { statusCode, headers, body } = await request(url);
    expect([statusCode, headers['content-type']]).toEqual([503, 'application/problem+json']);
    expect(await body.json()).toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
    const told: number[] = [];
    await stream(url, { method: 'GET' }, ({ statusCode: status }) => {
      told.push(status);
      return new Writable({ write: (_chunk, _encoding, done) => done() });
    });
    let piped = '';
    await pipeline(
      Readable.from(['a', 'b']),
      pipe(url, { method: 'POST' }, ({ statusCode: status, body: answer }) => {
        told.push(status);
        return answer;
      }),
      async (source) => {
        for await (const chunk of source) piped += chunk;
      },
    );
    expect(told).toEqual([503, 503]);
    expect(piped).toContain('ERR_CIRCUIT_OPEN');
    expect((await call(url)).status).toBe(503);
    expect(isUntouched()).toBe(true);
  });

  test('an upload is read and dropped; one without an end is let go of', async () => {
    const { url } = await startBroken();
    const { request } = await loadCopy(name);
    const finite = Readable.from(Array(20).fill(Buffer.alloc(10_000)));
    const endless = new Readable({
      read() {
        this.push(Buffer.alloc(1_000_000));
      },
    });
    for (const body of [finite, endless]) {
      const answer = await request(url, { method: 'POST', body });
      await answer.body.dump();
      expect(answer.statusCode).toBe(503);
    }
    await eventually('the end of both', () => finite.readableEnded && endless.destroyed);
  });

  test('a retrying agent goes on retrying', async () => {
    const { url } = await startBroken();
    const { Agent, request, RetryAgent } = await loadCopy(name);
    let retries = 0;
    const dispatcher = new RetryAgent(new Agent(), {
      retry(error, _context, done) {
        retries += 1;
        if (retries > 3) done(error);
        else setImmediate(() => done());
      },
    });
    await expect(request(url, { dispatcher })).rejects.toMatchObject({
      code: 'UND_ERR_REQ_RETRY',
      statusCode: 503,
    });
    expect(retries).toBe(4);
  });

  test('an upgrade fails as it does of any answer of 503', async () => {
    const { url } = await startBroken();
    const { upgrade } = await loadCopy(name);
    await expect(upgrade(url)).rejects.toMatchObject({ code: 'UND_ERR_SOCKET', message: 'bad upgrade' });
  });

  test('an abort, a closed client and a mock are what they are', async () => {
    const { url, origin } = await startBroken();
    const { Client, MockAgent, request } = await loadCopy(name);
    const controller = new AbortController();
    const aborted = request(url, { signal: controller.signal });
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
    const client = new Client(origin);
    await client.close();
    await expect(client.request({ path: '/', method: 'GET' })).rejects.toMatchObject({
      code: expect.stringMatching(/^UND_ERR_(DESTROYED|CLOSED)$/),
    });
    const mock = new MockAgent();
    mock.disableNetConnect();
    mock.get(origin).intercept({ path: '/ok' }).reply(200, 'mocked');
    const mocked = await request(url, { dispatcher: mock });
    expect([mocked.statusCode, await mocked.body.text()]).toEqual([200, 'mocked']);
  });

  test('a handler that waits is waited for, and what it throws ends the request', async () => {
    const { origin } = await startBroken();
    const { Client } = await loadCopy(name);
    const options = { path: '/ok', method: 'GET' } as const;
    const events: string[] = [];
    let resume = () => {};
    const isOld = name !== 'undici8';
    const waiting = isOld
      ? {
          onConnect: () => void events.push('start'),
          onHeaders(status: number, _headers: Buffer[], go: () => void) {
            events.push(`head ${status}`);
            resume = go;
            return false;
          },
          onData: () => events.push('data') > 0,
          onComplete: () => void events.push('end'),
          onError: (error: Error) => void events.push(error.message),
        }
      : {
          onRequestStart: () => void events.push('start'),
          onResponseStart(controller: { pause(): void; resume(): void }, status: number) {
            events.push(`head ${status}`);
            controller.pause();
            resume = () => controller.resume();
          },
          onResponseData: () => void events.push('data'),
          onResponseEnd: () => void events.push('end'),
          onResponseError: (_controller: unknown, error: Error) => void events.push(error.message),
        };
    new Client(origin).dispatch(options, waiting as never);
    expect(events).toEqual([]);
    await eventually('the head', () => events.length === 2);
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toEqual(['start', 'head 503']);
    resume();
    await eventually('the end', () => events.length === 4);
    expect(events.slice(2)).toEqual(['data', 'end']);

    const failed = new Promise<Error>((resolve) => {
      const thrower = () => {
        throw new Error('no');
      };
      const handler = isOld
        ? { onConnect() {}, onHeaders: thrower, onData() {}, onComplete() {}, onError: resolve }
        : {
            onRequestStart() {},
            onResponseStart: thrower,
            onResponseError: (_controller: unknown, error: Error) => resolve(error),
          };
      new Client(origin).dispatch(options, handler as never);
    });
    await expect(failed).resolves.toMatchObject({ message: 'no' });
  });
});
