import { once } from 'node:events';
import http from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isCircuitOpenError } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { startService, type TestService } from './support/service.js';
import { loadCopy } from './support/undici.js';
import { startUpstream, type Upstream } from './support/upstream.js';

const read = async (url: string, init?: RequestInit) => (await fetch(url, init)).text();

const callers = [
  { name: 'fetch', get: read },
  {
    name: 'undici.request',
    async get(url: string) {
      const { request } = await loadCopy('undici7');
      return (await request(url)).body.text();
    },
  },
  {
    name: 'http.request',
    async get(url: string) {
      const [res] = (await once(http.get(url), 'response')) as [http.IncomingMessage];
      let text = '';
      for await (const chunk of res) text += chunk;
      return text;
    },
  },
];

async function trip(service: TestService, upstream: Upstream): Promise<void> {
  while (service.signals.breakers.get(upstream.name)?.state !== 'open') await read(`${upstream.origin}/500`);
}

test('a rejected call is linked to the call that opened the circuit', async () => {
  const upstream = await startUpstream();
  const service = startService({ breaker: { minimumCalls: 3 } });
  const suffered = await service.asCaller(() => trip(service, upstream));
  const tripped = service.calls().at(-1)?.spanContext().spanId;

  const caller = await service.asCaller(() => fetch(`${upstream.origin}/ok`).catch(() => {}));

  const rejected = service.calls().at(-1);
  expect(rejected).toMatchObject({
    duration: [0, 0],
    status: { code: 2 },
    parentSpanContext: { spanId: caller.spanContext().spanId },
    attributes: { 'error.type': 'ERR_CIRCUIT_OPEN', 'url.full': `${upstream.origin}/ok` },
  });
  expect(rejected?.links.map(({ context }) => context.spanId)).toEqual([tripped]);
  expect(suffered.events).toMatchObject([
    {
      name: 'golden_signals.breaker.transition',
      attributes: {
        'golden_signals.breaker.name': upstream.name,
        'golden_signals.breaker.state': 'open',
        'golden_signals.breaker.reason': 'failure-ratio',
        'golden_signals.breaker.calls': 3,
        'golden_signals.breaker.failures': 3,
        'golden_signals.breaker.failure_reasons': ['500=3'],
        'golden_signals.breaker.retry_after': expect.any(Number),
      },
    },
  ]);
  expect(caller.events).toMatchObject([
    {
      name: 'golden_signals.breaker.rejected',
      attributes: {
        'golden_signals.breaker.name': upstream.name,
        'golden_signals.breaker.state': 'open',
        'golden_signals.breaker.retry_after': expect.any(Number),
      },
    },
  ]);
});

test('its state, rejections and transitions are metrics, and a rejection is no duration', async () => {
  const upstream = await startUpstream();
  const service = startService({ breaker: { minimumCalls: 3 } });
  await trip(service, upstream);
  for (let index = 0; index < 4; index += 1) await fetch(upstream.origin).catch(() => {});

  const name = { 'golden_signals.breaker.name': upstream.name };
  const states = await service.points('golden_signals.breaker.state');
  expect(
    states.map(({ attributes, value }) => [attributes['golden_signals.breaker.state'], value]).sort(),
  ).toEqual([
    ['closed', 0],
    ['forced-open', 0],
    ['half-open', 0],
    ['open', 1],
  ]);
  expect(await service.points('golden_signals.breaker.rejected')).toEqual([{ attributes: name, value: 4 }]);
  expect(await service.points('golden_signals.breaker.transitions')).toEqual([
    { attributes: { ...name, 'golden_signals.breaker.state': 'open' }, value: 1 },
  ]);
  const measured = await service.points('http.client.request.duration');
  expect(measured.map(({ attributes, value }) => [attributes['error.type'], value])).toEqual([['500', 3]]);
});

test('the transition says why', async () => {
  const upstream = await startUpstream();
  const service = startService({ breaker: { minimumCalls: 4 } });
  for (const path of ['500', 'cut-chunk', '503', 'ok'])
    await read(`${upstream.origin}/${path}`).catch(() => {});

  await service.settled();
  expect(service.signals.breakers.get(upstream.name)?.transitions.at(-1)).toMatchObject({
    to: 'open',
    why: 'failure-ratio',
    reasons: { 500: 1, 503: 1, UND_ERR_SOCKET: 1 },
  });
});

describe.each(callers)('$name', ({ get }) => {
  test('past maxConcurrent is turned away at once, and told so', async () => {
    const upstream = await startUpstream();
    const service = startService({ breaker: { maxConcurrent: 2 } });
    const held = [get(`${upstream.origin}/hang?case=1`), get(`${upstream.origin}/hang?case=2`)];
    for (const call of held) call.catch(() => {});
    await eventually('two calls under way', () => upstream.connections === 2);

    const error: unknown = await get(`${upstream.origin}/ok?case=3`).catch((thrown) => thrown);
    expect(isCircuitOpenError(error)).toBe(true);
    expect(error).toMatchObject({ rejectedBy: 'busy', upstream: upstream.name });
    expect(upstream.connections).toBe(2);

    upstream.server.closeAllConnections();
    await Promise.allSettled(held);
    await service.settled();
    expect(await get(`${upstream.origin}/ok`)).toBe('hello');
  });

  test('is ended by the time-out of its upstream, before the head and in the body', async () => {
    const upstream = await startUpstream();
    const service = startService({ breaker: { timeoutMs: 400 } });
    const before: unknown = await get(`${upstream.origin}/hang`).catch((error) => error);
    expect(before).toMatchObject({ code: 'ERR_UPSTREAM_TIMEOUT' });
    const within: unknown = await get(`${upstream.origin}/drip`).catch((error) => error);
    expect((within as { cause?: unknown }).cause ?? within).toMatchObject({ code: 'ERR_UPSTREAM_TIMEOUT' });

    await service.settled();
    const [first, second] = service.calls();
    expect(first?.attributes['error.type']).toBe('ERR_UPSTREAM_TIMEOUT');
    expect(second?.attributes).toMatchObject({ 'http.response.status_code': 200 });
  });

  test('opens no connection while a dying upstream is being left alone, and goes on within one round of probes', async () => {
    let isDying = true;
    const upstream = await startUpstream({
      work(req, res) {
        if (isDying) req.socket.resetAndDestroy();
        else res.end('well again');
      },
    });
    const service = startService({
      breaker: { minimumCalls: 20, openMs: 150, maxOpenMs: 150, jitterRatio: 0, probes: 3 },
    });
    const breakerOf = () => service.signals.breakers.get(upstream.name);
    let arrived = 0;
    upstream.server.prependListener('request', () => {
      arrived += 1;
    });
    /** How many turns of the event loop each call took that was turned away. */
    const rejected: number[] = [];
    let turns = 0;
    let turning = setImmediate(function turn() {
      turns += 1;
      turning = setImmediate(turn);
    });
    // 200 calls a second, whatever becomes of them.
    const calls: Promise<void>[] = [];
    const ticking = setInterval(() => {
      const begunIn = turns;
      const call = get(`${upstream.origin}/work`).then(
        () => {},
        (error) => {
          if (isCircuitOpenError(error)) rejected.push(turns - begunIn);
        },
      );
      calls.push(call);
    }, 5);

    onTestFinished(() => {
      clearInterval(ticking);
      clearImmediate(turning);
    });
    await eventually('the circuit to open', () => breakerOf()?.state === 'open');
    const atOpening = arrived;
    await eventually(
      'three rounds of probes',
      () => (breakerOf()?.transitions.filter(({ to }) => to === 'open').length ?? 0) >= 3,
    );
    const rounds = breakerOf()?.transitions.filter(({ to }) => to === 'half-open').length ?? 0;
    // What was on its way when it opened may still arrive; after that a round is at most three.
    expect(arrived - atOpening).toBeLessThanOrEqual(rounds * 3 + 20);
    expect(rejected.length).toBeGreaterThan(0);

    isDying = false;
    const { length } = breakerOf()?.transitions ?? [];
    await eventually('the circuit to close', () => breakerOf()?.state === 'closed');
    clearInterval(ticking);
    await Promise.all(calls);
    const since = breakerOf()
      ?.transitions.slice(length)
      .map(({ to }) => to);
    // One round of the dying one may still be under way.
    expect(since?.filter((to) => to === 'open').length).toBeLessThanOrEqual(1);
    expect(since?.slice(-2)).toEqual(['half-open', 'closed']);
    // In the turn of the call or the next ones: nothing is waited for.
    expect(Math.max(...rejected)).toBeLessThanOrEqual(3);
  });
});

describe('the options of an upstream', () => {
  test('can be changed while it is in use', async () => {
    const upstream = await startUpstream();
    const service = startService();
    await read(`${upstream.origin}/ok`);
    service.signals.breakers.get(upstream.name)?.configure({ timeoutMs: 30, maxConcurrent: 9 });
    await expect(read(`${upstream.origin}/hang`)).rejects.toMatchObject({ code: 'ERR_UPSTREAM_TIMEOUT' });
  });

  test('may be none at all', async () => {
    const upstream = await startUpstream();
    const service = startService({ breaker: { minimumCalls: 2, upstreams: { [upstream.name]: false } } });
    for (let index = 0; index < 5; index += 1) await read(`${upstream.origin}/500`);
    expect(service.signals.breakers.get(upstream.name)).toBeUndefined();
    expect(await read(`${upstream.origin}/ok`)).toBe('hello');
    expect(service.calls()).toHaveLength(6);
  });

  test('or none for any', async () => {
    const upstream = await startUpstream();
    const service = startService({ breaker: false });
    for (let index = 0; index < 30; index += 1) await read(`${upstream.origin}/500`);
    expect(service.signals.breakers.all()).toEqual([]);
    expect(await read(`${upstream.origin}/ok`)).toBe('hello');
  });

  test('observe lets calls through that it would have rejected', async () => {
    const upstream = await startUpstream();
    const service = startService({ breaker: { mode: 'observe', minimumCalls: 3 } });
    for (let index = 0; index < 5; index += 1) await read(`${upstream.origin}/500`);
    const breaker = service.signals.breakers.get(upstream.name);
    expect(breaker).toMatchObject({ state: 'open', observedFailures: 2 });
    expect(breaker?.snapshot().rejected).toBe(2);
  });

  test("the user's own judgement takes the place of the status' and of an error's, but not of no evidence", async () => {
    const upstream = await startUpstream();
    const asked: unknown[] = [];
    const service = startService({
      breaker: {
        isFailure(outcome) {
          asked.push(outcome.status ?? (outcome.error as { code?: string }).code);
          return outcome.status === 404 ? true : outcome.status === 500 ? 'ignore' : false;
        },
      },
    });
    const evidence = () => service.signals.breakers.get(upstream.name)?.snapshot();
    await read(`${upstream.origin}/404`);
    expect(evidence()).toMatchObject({ calls: 1, failures: 1 });
    await read(`${upstream.origin}/500`);
    expect(evidence()).toMatchObject({ calls: 1, failures: 1 });
    await read(`${upstream.origin}/fin`).catch(() => {});
    expect(evidence()).toMatchObject({ calls: 2, failures: 1 });
    await read(`${upstream.origin}/hang`, { signal: AbortSignal.abort() }).catch(() => {});
    expect(asked).toEqual([404, 500, 'UND_ERR_SOCKET']);
  });

  test('a judgement that throws leaves ours in place', async () => {
    const upstream = await startUpstream();
    const service = startService({
      breaker: {
        isFailure() {
          throw new Error('a mistake of the user');
        },
      },
    });
    await read(`${upstream.origin}/500`);
    await read(`${upstream.origin}/ok`);
    await service.settled();
    expect(service.signals.breakers.get(upstream.name)?.snapshot()).toMatchObject({ calls: 2, failures: 1 });
  });
});

describe('Retry-After', () => {
  const limiting = (status: number) =>
    startUpstream({
      limited: (_req, res) => void res.writeHead(status, { 'retry-after': '2' }).end(),
    });

  test('of a 429 says nothing to other callers, and a 429 is no evidence', async () => {
    const upstream = await limiting(429);
    const service = startService({ breaker: { minimumCalls: 2 } });
    await read(`${upstream.origin}/ok`);
    for (let index = 0; index < 30; index += 1) await read(`${upstream.origin}/limited`);
    await service.settled();
    const breaker = service.signals.breakers.get(upstream.name);
    expect(breaker?.snapshot()).toMatchObject({ state: 'closed', calls: 1, failures: 0 });
  });

  test('of a 503 sets how long an opening lasts, and brings none about', async () => {
    const upstream = await limiting(503);
    const service = startService({ breaker: { minimumCalls: 3 } });
    const breaker = () => service.signals.breakers.get(upstream.name);
    for (let index = 0; index < 2; index += 1) {
      await read(`${upstream.origin}/limited`);
      expect(breaker()?.state).toBe('closed');
    }
    await read(`${upstream.origin}/limited`);
    expect(breaker()?.transitions.at(-1)).toMatchObject({
      to: 'open',
      why: 'failure-ratio',
      snapshot: { retryAfterMs: expect.toSatisfy((ms: number) => ms > 1_900 && ms <= 2_000) },
    });
  });

  test.each([429, 503])('of a %d holds where that was asked for, and not a moment longer', async (status) => {
    const upstream = await limiting(status);
    const service = startService({ breaker: { holdOnRetryAfter: true, jitterRatio: 1 } });
    await read(`${upstream.origin}/limited`);
    expect(service.signals.breakers.get(upstream.name)?.transitions).toMatchObject([
      {
        to: 'open',
        why: 'retry-after',
        snapshot: { retryAfterMs: expect.toSatisfy((ms: number) => ms > 1_900 && ms <= 2_000) },
      },
    ]);
  });

  test.each([
    [true, 'open'],
    [false, 'closed'],
    ['ignore', 'closed'],
  ] as const)('is held only as isFailure says: %s', async (verdict, state) => {
    const upstream = await limiting(429);
    const service = startService({ breaker: { holdOnRetryAfter: true, isFailure: () => verdict } });
    await read(`${upstream.origin}/limited`);
    expect(service.signals.breakers.get(upstream.name)?.state).toBe(state);
  });
});

test('an upstream whose answers have no end closes its circuit by their heads', async () => {
  let isDown = true;
  const upstream = await startUpstream({
    events(_req, res) {
      if (isDown) res.writeHead(500).end();
      else res.writeHead(200).flushHeaders();
    },
  });
  const service = startService({ breaker: { minimumCalls: 2, openMs: 1, leaseMs: 60_000 } });
  for (let index = 0; index < 2; index += 1) await read(`${upstream.origin}/events`);
  isDown = false;
  const breaker = service.signals.breakers.get(upstream.name);
  await eventually('the end of the open period', () => breaker?.state === 'half-open');
  const open = [await fetch(`${upstream.origin}/events`), await fetch(`${upstream.origin}/events`)];
  expect(breaker?.state).toBe('closed');
  for (const { body } of open) await body?.cancel();
});
