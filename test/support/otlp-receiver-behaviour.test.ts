import { request } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Behaviour, type OtlpReceiver, startOtlpReceiver } from './otlp-receiver.js';

async function receiver(options?: { behaviour?: Behaviour }): Promise<OtlpReceiver> {
  const started = await startOtlpReceiver(options);
  onTestFinished(() => started.close());
  return started;
}

/** What a client sees of one answer: a status with its body, or the code of the failure. */
function ask(
  url: string,
  timeoutMs = 5000,
): Promise<{ status?: number; body?: string; headers?: object; code?: string }> {
  return new Promise((resolve) => {
    const call = request(`${url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    call.on('response', async (response) => {
      let body = '';
      for await (const chunk of response) body += chunk;
      resolve({ status: response.statusCode ?? 0, body, headers: response.headers });
    });
    call.on('error', (error: NodeJS.ErrnoException) => resolve({ code: error.code ?? error.name }));
    call.setTimeout(timeoutMs, () => call.destroy(Object.assign(new Error(), { code: 'TIMED_OUT' })));
    call.end('{}');
  });
}

describe('misbehaving', () => {
  test.each<[Behaviour, object]>([
    ['ok', { status: 200, body: '{}' }],
    ['reset', { code: 'ECONNRESET' }],
    ['refuse', { code: 'ECONNREFUSED' }],
    [
      { status: 429, headers: { 'retry-after': '7' } },
      { status: 429, headers: { 'retry-after': '7' } },
    ],
    [{ status: 503 }, { status: 503, body: '' }],
    [{ garbage: 'bytes' }, { code: 'HPE_INVALID_CONSTANT' }],
    [{ garbage: 'html' }, { status: 200, body: expect.stringMatching(/^<!doctype html>/) }],
    [{ garbage: 'protobuf' }, { status: 200, headers: { 'content-type': 'application/x-protobuf' } }],
  ])('as %j is what a client sees', async (behaviour, seen) => {
    const collector = await receiver({ behaviour });
    expect(await ask(collector.url)).toMatchObject(seen);
    expect(collector.requests).toHaveLength(behaviour === 'refuse' ? 0 : 1);
  });

  test('as hang takes the request and never answers, and close() still ends', async () => {
    const collector = await receiver({ behaviour: 'hang' });
    const asked = ask(collector.url);
    await collector.waitForRequests(1);
    await collector.close();
    expect(await asked).toEqual({ code: 'ECONNRESET' });
  });

  test('for a number of requests is followed by ok', async () => {
    const collector = await receiver();
    await collector.behave({ status: 503 }, 2);
    const statuses = [await ask(collector.url), await ask(collector.url), await ask(collector.url)];
    expect(statuses.map(({ status }) => status)).toEqual([503, 503, 200]);
  });

  test('ends on the same port when it refused', async () => {
    const collector = await receiver({ behaviour: 'refuse' });
    expect(await ask(collector.url)).toEqual({ code: 'ECONNREFUSED' });
    await collector.behave('ok');
    expect(await ask(collector.url)).toMatchObject({ status: 200 });
  });
});
