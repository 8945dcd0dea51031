import { EventEmitter, once } from 'node:events';
import http, { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { instrument, type Options, type Signals } from '../../src/index.js';
import { resolveDeadline } from '../../src/server/request-signal.js';

type Handler = (req: IncomingMessage, res: ServerResponse, signals: Signals) => unknown;

async function serve(handler: Handler, options: Options = {}) {
  process.env.OTEL_TRACES_EXPORTER = 'none';
  process.env.OTEL_METRICS_EXPORTER = 'none';
  const server = createServer((req, res) => void handler(req, res, signals));
  const signals = instrument(server, { service: 'signal-test', ...options });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await signals.shutdown();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const call = (headers: Record<string, string> = {}) => http.get(origin, { headers, agent: false });
  return { signals, origin, call };
}

async function bodyOf(req: http.ClientRequest): Promise<string> {
  const [res] = await once(req, 'response');
  let text = '';
  for await (const chunk of res) text += chunk;
  return text;
}

/** Lets the other side of a connection notice. */
const closed = (res: ServerResponse) => (res.closed ? Promise.resolve() : once(res, 'close'));

describe('signals.signal()', () => {
  test('is one signal for a request, and another for the next', async () => {
    const seen: AbortSignal[] = [];
    const { call } = await serve((_req, res, { signal }) => {
      seen.push(signal(), signal());
      res.end();
    });
    await bodyOf(call());
    await bodyOf(call());
    expect(seen[0]).toBe(seen[1]);
    expect(seen[2]).toBe(seen[3]);
    expect(seen[0]).not.toBe(seen[2]);
  });

  test('is aborted when the caller hangs up before the response is complete', async () => {
    let signal: AbortSignal | undefined;
    const { call } = await serve(async (_req, res, signals) => {
      signal = signals.signal();
      res.write('half');
    });
    const req = call();
    await once(req, 'response');
    expect(signal?.aborted).toBe(false);
    req.destroy();
    await once(signal as AbortSignal, 'abort');
    expect(signal?.reason).toMatchObject({ name: 'GoldenSignalsError', code: 'ERR_CALLER_GONE' });
  });

  test('is not aborted once the response is complete, deadline or not', async () => {
    let signal: AbortSignal | undefined;
    let response: ServerResponse | undefined;
    const { call } = await serve((_req, res, signals) => {
      signal = signals.signal();
      response = res;
      res.end('done');
    });
    const req = call({ 'x-request-timeout-ms': '30' });
    expect(await bodyOf(req)).toBe('done');
    req.destroy();
    await closed(response as ServerResponse);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(signal?.aborted).toBe(false);
  });

  test('is aborted at the deadline of the caller', async () => {
    let reason: unknown;
    const { call } = await serve(async (_req, res, { signal }) => {
      const own = signal();
      await once(own, 'abort');
      reason = own.reason;
      res.writeHead(504).end('too late');
    });
    expect(await bodyOf(call({ 'X-Request-Timeout-Ms': '20' }))).toBe('too late');
    expect(reason).toMatchObject({ code: 'ERR_DEADLINE_EXCEEDED' });
  });

  test('counts from the arrival of the request, and is aborted at once when the time is up', async () => {
    let isAborted: boolean | undefined;
    const { call } = await serve(async (_req, res, { signal }) => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      const own = signal();
      if (!own.aborted) await once(own, 'abort');
      isAborted = own.aborted;
      res.end();
    });
    await bodyOf(call({ 'x-request-timeout-ms': '10' }));
    expect(isAborted).toBe(true);
  });

  test('asked for after the caller has gone is aborted already', async () => {
    const later = new EventEmitter();
    const asked = once(later, 'asked');
    const { call } = await serve(async (_req, res, { signal }) => {
      res.write('half');
      await closed(res);
      later.emit('asked', signal());
    });
    const req = call();
    await once(req, 'response');
    req.destroy();
    const [signal] = await asked;
    expect(signal.reason).toMatchObject({ code: 'ERR_CALLER_GONE' });
  });

  test('asked for after the response is complete is never aborted', async () => {
    const later = new EventEmitter();
    const asked = once(later, 'asked');
    const { call } = await serve(async (_req, res, { signal }) => {
      res.end('done');
      await closed(res);
      later.emit('asked', signal());
    });
    await bodyOf(call({ 'x-request-timeout-ms': '1' }));
    const [signal] = await asked;
    expect(signal.aborted).toBe(false);
  });

  test('outside of a request is never aborted', async () => {
    const { signals } = await serve(() => {});
    expect(signals.signal().aborted).toBe(false);
    expect(signals.signal()).toBeInstanceOf(AbortSignal);
  });

  test.each(['', 'soon', '-5', '1.5', '99999999999', '10, 20'])(
    'a deadline of "%s" is none',
    async (given) => {
      let isAborted: boolean | undefined;
      const { call } = await serve(async (_req, res, { signal }) => {
        const own = signal();
        await new Promise((resolve) => setTimeout(resolve, 30));
        isAborted = own.aborted;
        res.end();
      });
      await bodyOf(call({ 'x-request-timeout-ms': given }));
      expect(isAborted).toBe(false);
    },
  );

  test('adds nothing to a request whose handler does not ask', async () => {
    const listeners: number[] = [];
    const { call } = await serve((req, res, { signal }) => {
      listeners.push(res.listenerCount('close'));
      if (req.headers['x-ask'] !== undefined) signal();
      listeners.push(res.listenerCount('close'));
      res.end();
    });
    await bodyOf(call());
    await bodyOf(call({ 'x-ask': '1' }));
    expect(listeners[1]).toBe(listeners[0]);
    expect(listeners[3]).toBe((listeners[2] as number) + 1);
  });
});

describe('with outgoing calls', () => {
  test('an abort by it is no evidence and no error', async () => {
    const hanging = createServer();
    hanging.listen(0, '127.0.0.1');
    await once(hanging, 'listening');
    onTestFinished(() => {
      hanging.closeAllConnections();
      hanging.close();
    });
    const name = `127.0.0.1:${(hanging.address() as AddressInfo).port}`;
    const failures: unknown[] = [];
    const { call, signals } = await serve(
      async (_req, res, { signal }) => {
        await fetch(`http://${name}/`, { signal: signal() }).catch((error) => failures.push(error));
        await once(http.get(`http://${name}/`, { signal: signal() }), 'error').catch(() => {});
        res.end('gave up');
      },
      { breaker: { maxConcurrent: 100 } },
    );
    expect(await bodyOf(call({ 'x-request-timeout-ms': '40' }))).toBe('gave up');
    expect(failures).toMatchObject([{ code: 'ERR_DEADLINE_EXCEEDED' }]);
    while (signals.breakers.get(name)?.inFlight !== 0) await new Promise((resolve) => setImmediate(resolve));
    expect(signals.breakers.get(name)?.snapshot()).toMatchObject({ calls: 0, failures: 0 });
  });

  test.each([
    ['fetch', async (url: string) => void (await (await fetch(url)).text())],
    ['http.request', async (url: string) => void (await bodyOf(http.get(url, { agent: false })))],
  ])('the time that is left is passed on when it is asked for: %s', async (_title, send) => {
    const seen: (string | undefined)[] = [];
    const upstream = createServer((req, res) => {
      seen.push(req.headers['x-deadline'] as string | undefined);
      res.end();
    });
    upstream.listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    onTestFinished(() => {
      upstream.closeAllConnections();
      upstream.close();
    });
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/`;
    const handler: Handler = async (_req, res) => {
      await send(url);
      res.end();
    };
    const { call } = await serve(handler, {
      deadline: { header: 'X-Deadline', propagate: true },
      breaker: { timeoutMs: 50_000 },
    });
    await bodyOf(call({ 'x-deadline': '10000' }));
    await bodyOf(call({ 'x-deadline': '60000' }));
    expect(Number(seen[0])).toBeLessThanOrEqual(10_000);
    expect(Number(seen[0])).toBeGreaterThan(1_000);
    // The time-out of the upstream is all that it may take, whatever the caller says.
    expect(seen[1]).toBe('50000');
  });
});

describe('option deadline', () => {
  test('has defaults, and its header is read in any case', () => {
    expect(resolveDeadline()).toEqual({ header: 'x-request-timeout-ms', propagate: false });
    expect(resolveDeadline({ header: 'X-Wait' })).toEqual({ header: 'x-wait', propagate: false });
  });

  test.each([
    [{ header: '' }, 'option deadline.header must be the name of a header, got ""'],
    [{ header: 'a b' }, 'deadline.header'],
    [{ header: 7 }, 'deadline.header'],
    [{ propagate: 1 }, 'option deadline.propagate must be true or false, got 1'],
    [{ heder: 'x' }, 'option deadline.heder is unknown: did you mean header?'],
  ])('%o is refused', (given, message) => {
    expect(() => resolveDeadline(given as object)).toThrow(message);
  });
});
