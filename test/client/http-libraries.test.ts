import { type EventEmitter, once } from 'node:events';
import axios from 'axios';
import type { Got } from 'got' with { 'resolution-mode': 'import' };
import type { KyInstance } from 'ky' with { 'resolution-mode': 'import' };
import type NodeFetch from 'node-fetch' with { 'resolution-mode': 'import' };
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startService, type TestService } from './support/service.js';
import { startUpstream, type Upstream } from './support/upstream.js';

// They are modules only, or have no types of their own.
let got: Got;
let ky: KyInstance;
let nodeFetch: typeof NodeFetch;
let superagent: { get(url: string): SuperagentRequest };

interface SuperagentRequest extends EventEmitter, Promise<unknown> {
  abort(): void;
}

beforeAll(async () => {
  ({ default: got } = await import('got'));
  ({ default: ky } = await import('ky'));
  ({ default: nodeFetch } = await import('node-fetch'));
  const name = 'superagent';
  ({ default: superagent } = await import(name));
});

let upstream: Upstream;
let service: TestService;

beforeEach(async () => {
  upstream = await startUpstream();
  service = startService({ breaker: { minimumCalls: 1_000 } });
});

const url = (path: string) => `${upstream.origin}/${path}?case=a`;

async function verdict(): Promise<string> {
  await service.settled();
  const { calls, failures } = service.signals.breakers.get(upstream.name)?.snapshot() ?? {};
  if (calls === 0) return 'nothing';
  return failures === 0 ? 'fine' : 'failure';
}

/** Once the request is with the upstream, so that it is cut off on the wire. */
async function whenHanging(cut: () => unknown): Promise<void> {
  await upstream.hanging('a');
  // Not handed on: what superagent's abort() returns is the call, whose rejection would have a second, unheard promise.
  cut();
}

describe('what a caller cuts off by means of his library is no evidence', () => {
  const cuts: Record<string, () => Promise<unknown>> = {
    'axios CancelToken'() {
      const source = axios.CancelToken.source();
      void whenHanging(() => source.cancel('no longer wanted'));
      return axios.get(url('hang'), { cancelToken: source.token, proxy: false });
    },
    'axios signal'() {
      const controller = new AbortController();
      void whenHanging(() => controller.abort());
      return axios.get(url('hang'), { signal: controller.signal, proxy: false });
    },
    'got signal'() {
      const controller = new AbortController();
      void whenHanging(() => controller.abort());
      return got(url('hang'), { signal: controller.signal, retry: { limit: 0 } });
    },
    'got cancel'() {
      const call = got(url('hang'), { retry: { limit: 0 } });
      void whenHanging(() => call.cancel());
      return call;
    },
    'got stream, destroyed'() {
      const stream = got.stream(url('hang'), { retry: { limit: 0 } });
      void whenHanging(() => stream.destroy());
      return once(stream, 'close');
    },
    'superagent abort'() {
      const call = superagent.get(url('hang'));
      void whenHanging(() => call.abort());
      return call.then(
        () => {},
        () => {},
      );
    },
    async 'node-fetch, body destroyed'() {
      const { body } = await nodeFetch(url('drip'));
      body?.on('error', () => {});
      (body as unknown as { destroy(): void }).destroy();
    },
    async 'fetch, body cancelled'() {
      const { body } = await fetch(url('drip'));
      await body?.cancel();
    },
    async 'fetch, reader released and cancelled'() {
      const { body } = await fetch(url('drip'));
      for await (const _chunk of body as unknown as AsyncIterable<Uint8Array>) break;
    },
    'ky abort'() {
      const controller = new AbortController();
      void whenHanging(() => controller.abort(new Error('no longer wanted')));
      return ky(url('hang'), { signal: controller.signal, retry: 0 }) as Promise<unknown>;
    },
  };

  test.each(Object.keys(cuts))('%s', async (name) => {
    const call = cuts[name] as () => Promise<unknown>;
    await call().catch(() => {});
    expect(await verdict()).toBe('nothing');
    expect(service.calls()).toHaveLength(1);
    expect(service.call().attributes).not.toHaveProperty('error.type');
    expect(service.call().status.code).toBe(0);
  });
});

describe('a time-out that a library says so of is a failure', () => {
  const timeouts: Record<string, () => Promise<unknown>> = {
    axios: () => axios.get(url('hang'), { timeout: 40, proxy: false }),
    got: () => got(url('hang'), { timeout: { request: 40 }, retry: { limit: 0 } }),
  };

  test.each(Object.keys(timeouts))('%s', async (name) => {
    await expect((timeouts[name] as () => Promise<unknown>)()).rejects.toThrow();
    // Unless this machine is so busy that the process stood still: then it is none.
    expect(['failure', 'nothing']).toContain(await verdict());
    expect(service.call().attributes['error.type']).toEqual(
      expect.stringMatching(/^(ECONNABORTED|ETIMEDOUT|TimeoutError)$/),
    );
  });
});

describe('what comes of a response in a library is the same as without', () => {
  test('a status that it throws at is judged by the status', async () => {
    await expect(axios.get(url('404'), { proxy: false })).rejects.toMatchObject({ code: 'ERR_BAD_REQUEST' });
    await expect(got(url('404'), { retry: { limit: 0 } })).rejects.toMatchObject({
      code: 'ERR_NON_2XX_3XX_RESPONSE',
    });
    await expect(ky(url('404'), { retry: 0 })).rejects.toThrow();
    await expect(superagent.get(url('404'))).rejects.toMatchObject({ status: 404 });
    expect(await verdict()).toBe('fine');
    expect(service.calls()).toHaveLength(4);
  });

  test('its own retries are attempts with spans of their own', async () => {
    const call = got(url('503'), {
      retry: { limit: 2, calculateDelay: ({ attemptCount }) => (attemptCount > 2 ? 0 : 1) },
    });
    await expect(call).rejects.toThrow();
    await expect(ky(url('503'), { retry: { limit: 1, backoffLimit: 1 } })).rejects.toThrow();
    await service.settled();
    expect(service.calls()).toHaveLength(5);
  });

  test('what it streams is judged at its end', async () => {
    const { data } = await axios.get(url('fin-body'), { responseType: 'stream', proxy: false });
    data.resume();
    await once(data, 'error');
    expect(await verdict()).toBe('failure');
  });
});
