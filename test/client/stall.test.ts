import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createStallWatch } from '../../src/client/stall.js';
import { eventually } from '../support/eventually.js';
import { startService, type TestService } from './support/service.js';
import { loadCopy } from './support/undici.js';

const CALLS = 40;

let upstream: ChildProcess;
let name: string;
/** What the upstream says: of which round, and what. */
const words = new EventEmitter();

beforeAll(async () => {
  upstream = fork(join(__dirname, 'support/slow-upstream.cjs'));
  const [port] = await once(upstream, 'message');
  name = `127.0.0.1:${port}`;
  upstream.on('message', (message) => {
    const { round, what, epochMs: at } = message as { round: string; what: string; epochMs?: number };
    words.emit(`${round} ${what}`, at);
  });
});
afterAll(() => upstream.disconnect());

const callers: Record<string, (url: string, signal?: AbortSignal) => Promise<string>> = {
  fetch: async (url, signal) => (await fetch(url, signal === undefined ? {} : { signal })).text(),
  async 'undici.request'(url, signal) {
    const { request } = await loadCopy('undici7');
    const { body } = await request(url, signal === undefined ? {} : { signal });
    return body.text();
  },
  async 'http.request'(url, signal) {
    const req = http.get(url, signal === undefined ? {} : { signal });
    const [res] = await once(req, 'response');
    return text(res);
  },
};

/** Blocks the event loop. */
function standStill(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

const epochMs = () => performance.timeOrigin + performance.now();
let rounds = 0;

/**
 * Makes the calls, and stands still as soon as all of them are with the upstream. Does it again where this machine was too busy for
 * that: the calls took long to get there, or the upstream to answer.
 */
async function callAndStandStill(
  service: TestService,
  how: 'after' | 'hang',
  call: (url: string) => Promise<string>,
): Promise<PromiseSettledResult<string>[]> {
  for (;;) {
    rounds += 1;
    const allThere = once(words, `${rounds} there`);
    const answered = once(words, `${rounds} answered`);
    const url = `http://${name}/${how}/${CALLS}/${rounds}`;
    const startedAt = performance.now();
    const calls = Promise.allSettled(Array.from({ length: CALLS }, () => call(url)));
    await Promise.race([allThere, calls]);
    const tookMs = performance.now() - startedAt;
    standStill(400);
    const endedAt = epochMs();
    const results = await calls;
    if (tookMs < 150 && (how === 'hang' || (await answered)[0] < endedAt - 50)) return results;
    await service.settled();
    service.signals.breakers.get(name)?.reset();
  }
}

const succeeded = (results: PromiseSettledResult<unknown>[]) =>
  results.filter(({ status }) => status === 'fulfilled').length;

describe.each(Object.keys(callers))('%s, with this process standing still for 400 ms', (client) => {
  const call = callers[client] as (url: string, signal?: AbortSignal) => Promise<string>;

  test('loses no call to a healthy upstream to the time-out of 250 ms, nor the upstream its good name', async () => {
    const service = startService({ breaker: { timeoutMs: 250, minimumCalls: 5 } });
    const results = await callAndStandStill(service, 'after', call);

    expect(succeeded(results)).toBeGreaterThanOrEqual(38);
    await service.settled();
    expect(service.signals.breakers.get(name)?.snapshot()).toMatchObject({ state: 'closed', failures: 0 });
  });

  test('still ends calls to one that hangs', async () => {
    const service = startService({ breaker: { timeoutMs: 250, mode: 'observe' } });
    const results = await callAndStandStill(service, 'hang', call);

    // How late at most is for the fake clock to say.
    expect(succeeded(results)).toBe(0);
    const codes = results.map((result) => (result.status === 'rejected' ? result.reason.code : undefined));
    expect(codes).toEqual(Array(CALLS).fill('ERR_UPSTREAM_TIMEOUT'));
    await service.settled();
  });

  test('takes no call for slow that was only read late', async () => {
    const service = startService({ breaker: { slowCallMs: 300, slowRatio: 0.1, minimumCalls: 5 } });
    const results = await callAndStandStill(service, 'after', call);

    expect(succeeded(results)).toBe(CALLS);
    await service.settled();
    expect(service.signals.breakers.get(name)?.snapshot()).toMatchObject({
      state: 'closed',
      calls: CALLS,
      slow: 0,
    });
  });

  test("takes the callers' own time-outs for no evidence", async () => {
    const service = startService({ breaker: { minimumCalls: 5 } });
    const results = await callAndStandStill(service, 'after', (url) => call(url, AbortSignal.timeout(250)));

    await service.settled();
    const { state, failures, calls } = service.signals.breakers.get(name)?.snapshot() ?? {};
    expect({ state, failures }).toEqual({ state: 'closed', failures: 0 });
    expect(calls).toBe(succeeded(results));
  });
});

test('calls that hang while this process is awake are held against the upstream', async () => {
  const service = startService({ breaker: { timeoutMs: 250, minimumCalls: 1_000 } });
  // On a machine that is busy enough this process stands still by itself, and there is no evidence then.
  await eventually('a quarter of a second without a stall', async () => {
    await expect(callers.fetch?.(`http://${name}/hang/1/alone`)).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_TIMEOUT',
    });
    return service.signals.breakers.get(name)?.snapshot().failures === 1;
  });
});

describe('the stall watch', () => {
  test('has a timer only while calls are under way', async () => {
    const before = process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length;
    let ticks = 0;
    const watch = createStallWatch({ now: () => performance.now(), epochMs: () => 0 }, () => {
      ticks += 1;
    });
    watch.enter();
    watch.enter();
    watch.leave();
    watch.leave();
    while (ticks === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const { length } = process.getActiveResourcesInfo().filter((type) => type === 'Timeout');
    expect(length).toBeLessThanOrEqual(before);
    watch.close();
  });

  test('knows a stall by a tick that is late', () => {
    let now = 0;
    const watch = createStallWatch({ now: () => now, epochMs: () => 0 }, () => {});
    watch.enter();
    expect(watch.isStalled()).toBe(false);
    now = 199;
    expect(watch.isStalled()).toBe(false);
    now = 201;
    expect(watch.isStalled()).toBe(true);
    watch.close();
    expect(watch.isStalled()).toBe(false);
  });
});
