import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startService } from './support/service.js';
import { startUpstream, type Upstream } from './support/upstream.js';

const problem = '{"title":"Service Unavailable","status":503}';

/** An upstream that answers at once, as a mesh does, and keeps its connections. */
async function startReal() {
  const answer = (req: http.IncomingMessage, res: http.ServerResponse) => {
    req.resume();
    res.writeHead(503, { 'content-type': 'application/problem+json', 'content-length': problem.length });
    res.end(problem);
  };
  const server = http.createServer(answer).on('checkContinue', answer).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  onTestFinished(() => server.closeAllConnections());
  await once(server, 'listening');
  const name = `127.0.0.1:${(server.address() as net.AddressInfo).port}`;
  return { name, origin: `http://${name}` };
}

/** An upstream whose circuit is open because it has answered 500, and one that answers 503 itself and has no circuit. */
async function startPair() {
  const broken = await startUpstream();
  const real = await startReal();
  const service = startService({
    breaker: { minimumCalls: 2, openMs: 60_000, upstreams: { [real.name]: false } },
  });
  for (let index = 0; index < 2; index += 1) await (await fetch(`${broken.origin}/500`)).text();
  expect(service.signals.breakers.get(broken.name)?.state).toBe('open');
  return { broken, real, service };
}

type Options = http.RequestOptions;
type Scenario = (url: string, options: Options, note: (event: string) => void) => Promise<unknown>;

/** Notes what a request and its response emit, in order. */
function watch(req: http.ClientRequest, note: (event: string) => void): void {
  for (const event of ['response', 'error', 'abort', 'close', 'timeout'] as const)
    req.on(event, (value?: unknown) => {
      note(`req ${event}${event === 'error' ? ` ${(value as NodeJS.ErrnoException).code}` : ''}`);
    });
  req.once('response', (res: http.IncomingMessage) => {
    for (const event of ['aborted', 'error', 'end', 'close']) res.on(event, () => note(`res ${event}`));
  });
}

async function textOf(res: http.IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of res.setEncoding('utf8')) text += chunk;
  return text;
}

const scenarios: Record<string, Scenario> = {
  async 'a GET that is read'(url, options, note) {
    const req = http.get(url, options);
    watch(req, note);
    const [res] = (await once(req, 'response')) as [http.IncomingMessage];
    const text = await textOf(res);
    await closed(req);
    return [res.statusCode, res.statusMessage, res.httpVersion, res.headers['content-type'], text.length > 0];
  },
  async 'a HEAD'(url, options, note) {
    const req = http.request(url, { ...options, method: 'HEAD' }).end();
    watch(req, note);
    const [res] = (await once(req, 'response')) as [http.IncomingMessage];
    const text = await textOf(res);
    await closed(req);
    return [res.statusCode, Number(res.headers['content-length']) > 0, text];
  },
  async 'a GET whose response nobody listens for'(url, options, note) {
    const req = http.get(url, options);
    for (const event of ['error', 'close'] as const) req.on(event, () => note(event));
    await closed(req);
    return (req as unknown as { res?: http.IncomingMessage }).res?.complete;
  },
  async 'an upload through a pipeline'(url, options, note) {
    const req = http.request(url, { ...options, method: 'POST' });
    watch(req, note);
    const response = once(req, 'response') as Promise<[http.IncomingMessage]>;
    await pipeline(Readable.from(Array(50).fill(Buffer.alloc(20_000))), req);
    note('uploaded');
    const [res] = await response;
    await textOf(res);
    await closed(req);
    return [res.statusCode, req.writableFinished];
  },
  async 'an upload that waits for 100-continue'(url, options, note) {
    const req = http.request(url, { ...options, method: 'POST', headers: { expect: '100-continue' } });
    watch(req, note);
    req.on('continue', () => note('continue'));
    req.flushHeaders();
    const [res] = (await once(req, 'response')) as [http.IncomingMessage];
    await textOf(res);
    req.end();
    await closed(req);
    return res.statusCode;
  },
  async 'an upgrade'(url, options, note) {
    const headers = { connection: 'Upgrade', upgrade: 'websocket' };
    const req = http.get(url, { ...options, headers });
    watch(req, note);
    req.on('upgrade', () => note('upgrade'));
    const [res] = (await once(req, 'response')) as [http.IncomingMessage];
    await textOf(res);
    await closed(req);
    return res.statusCode;
  },
  async 'a request that is destroyed at once'(url, options, note) {
    const req = http.get(url, options);
    watch(req, note);
    req.destroy();
    await closed(req);
    return req.destroyed;
  },
  async 'a request whose signal is aborted'(url, options, note) {
    const controller = new AbortController();
    const req = http.get(url, { ...options, signal: controller.signal });
    watch(req, note);
    controller.abort();
    await closed(req);
    return req.destroyed;
  },
  async 'a response that is destroyed'(url, options) {
    const req = http.get(url, options);
    const [res] = (await once(req, 'response')) as [http.IncomingMessage];
    res.destroy();
    await closed(req);
    return [res.destroyed, req.destroyed];
  },
};

async function closed(req: http.ClientRequest): Promise<void> {
  // Not once(), which fails of an error.
  if (!req.closed) await new Promise((resolve) => req.once('close', resolve));
}

const agents: Record<string, () => Options> = {
  'the global agent': () => ({}),
  'an agent that keeps nothing': () => ({ agent: new http.Agent({ keepAlive: false }) }),
  'an agent of one socket': () => ({ agent: new http.Agent({ keepAlive: true, maxSockets: 1 }) }),
  'no agent': () => ({ agent: false }),
  'a connection of its own': () => ({
    createConnection: (options) => net.connect(options as net.TcpNetConnectOpts),
  }),
};

async function play(scenario: Scenario, url: string, options: Options) {
  const events: string[] = [];
  const result = await scenario(url, options, (event) => void events.push(event));
  return { result, events };
}

describe.each(Object.keys(agents))('an answer in place of a call looks like a real one: %s', (agent) => {
  test.each(Object.keys(scenarios))('%s', async (name) => {
    const { broken, real } = await startPair();
    const scenario = scenarios[name] as Scenario;
    const options = agents[agent] as () => Options;
    const expected = await play(scenario, `${real.origin}/answer`, options());
    const { connections } = broken;
    expect(await play(scenario, `${broken.origin}/ok`, options())).toEqual(expected);
    if (agent !== 'a connection of its own') expect(broken.connections).toBe(connections);
  });
});

test.each(Object.keys(agents))(
  'an upload may go on behind the answer, as long as it likes: %s',
  async (agent) => {
    const { broken } = await startPair();
    const req = http.request(`${broken.origin}/ok`, { ...agents[agent]?.(), method: 'PUT' });
    req.write('some');
    const [res] = (await once(req, 'response')) as [http.IncomingMessage];
    await textOf(res);
    for (let index = 0; index < 50; index += 1)
      await new Promise((resolve) => req.write(Buffer.alloc(100_000), resolve));
    const finished = once(req, 'finish');
    req.end();
    await finished;
    await closed(req);
    expect(res.statusCode).toBe(503);
  },
);

test('a response that nobody reads has time-outs', async () => {
  const { broken } = await startPair();
  const req = http.get(`${broken.origin}/ok`);
  const [res] = (await once(req, 'response')) as [http.IncomingMessage];
  res.socket.setTimeout(5);
  await once(res, 'timeout');
  expect(await textOf(res)).toContain('ERR_CIRCUIT_OPEN');
});

test('the answer says what a service mesh says', async () => {
  const { broken, service } = await startPair();
  const [res] = (await once(http.get(`${broken.origin}/ok`), 'response')) as [http.IncomingMessage];
  expect(res.headers).toMatchObject({
    'content-type': 'application/problem+json',
    'golden-signals-circuit': `open; upstream="${broken.name}"`,
    'retry-after': String(Math.ceil((service.signals.breakers.get(broken.name)?.retryAfterMs ?? 0) / 1_000)),
  });
  expect(JSON.parse(await textOf(res))).toEqual({
    title: 'Service Unavailable',
    status: 503,
    detail: expect.stringContaining(broken.name),
    code: 'ERR_CIRCUIT_OPEN',
  });
});

test('an agent has nothing left of it', async () => {
  const { broken } = await startPair();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const requests = Array.from({ length: 3 }, () => http.get(broken.origin, { agent }));
  for (const req of requests) {
    const [res] = (await once(req, 'response')) as [http.IncomingMessage];
    await textOf(res);
    await closed(req);
  }
  expect([agent.sockets, agent.freeSockets, agent.requests].flatMap(Object.keys)).toEqual([]);
  expect(requests.map(({ reusedSocket }) => reusedSocket)).toEqual([false, false, false]);
});

test('an agent that hands sockets to requests itself has its own let go of', async () => {
  const { broken } = await startPair();
  const sockets: net.Socket[] = [];
  /** As those of agent-base 6 do. */
  const agent = {
    addRequest(req: http.ClientRequest) {
      setImmediate(() => {
        const socket = net.connect(Number(broken.name.split(':')[1]), '127.0.0.1');
        sockets.push(socket);
        socket.once('connect', () => req.onSocket(socket));
      });
    },
  };
  const req = http.get(`${broken.origin}/ok`, { agent: agent as never });
  const [res] = (await once(req, 'response')) as [http.IncomingMessage];
  expect(res.statusCode).toBe(503);
  expect(await textOf(res)).toContain('ERR_CIRCUIT_OPEN');
  while (sockets.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const [socket] = sockets as [net.Socket];
  if (!socket.closed) await once(socket, 'close');
});

/** What a caller gets, and whether it was an answer. */
async function outcomeOf({ origin }: Upstream): Promise<string> {
  return fetch(`${origin}/ok`).then(
    ({ status }) => String(status),
    ({ code }) => code,
  );
}

describe('which of the two a caller gets', () => {
  test.each([
    ['last', ['500', '500'], '503'],
    ['last', ['500', 'reset'], 'ERR_CIRCUIT_OPEN'],
    ['last', ['reset', '502'], '503'],
    ['last', ['reset-body', 'reset-body'], 'ERR_CIRCUIT_OPEN'],
    ['error', ['500', '500'], 'ERR_CIRCUIT_OPEN'],
    ['response', ['reset', 'reset'], '503'],
  ] as const)('openAs %s after %j: %s', async (openAs, failures, expected) => {
    const upstream = await startUpstream();
    const service = startService({
      breaker: { minimumCalls: 2, upstreams: { [upstream.name]: { openAs } } },
    });
    for (const path of failures)
      await fetch(`${upstream.origin}/${path}`)
        .then((response) => response.text())
        .catch(() => {});
    await service.settled();
    expect(service.signals.breakers.get(upstream.name)?.state).toBe('open');
    expect(await outcomeOf(upstream)).toBe(expected);
  });

  test('a probe changes it: what is turned away while it is half-open is told as the upstream failed before', async () => {
    const upstream = await startUpstream();
    const service = startService({ breaker: { minimumCalls: 2, openMs: 1, probes: 1, leaseMs: 60_000 } });
    for (let index = 0; index < 2; index += 1) await (await fetch(`${upstream.origin}/500`)).text();
    const breaker = service.signals.breakers.get(upstream.name);
    while (breaker?.state === 'open') await new Promise((resolve) => setImmediate(resolve));
    const arrived = once(upstream.server, 'hang');
    const probe = fetch(`${upstream.origin}/hang`);
    probe.catch(() => {});
    await arrived;
    expect(breaker?.state).toBe('half-open');
    expect(await outcomeOf(upstream)).toBe('503');
    upstream.server.closeAllConnections();
    await expect(probe).rejects.toThrow();
    await service.settled();
    breaker?.forceOpen();
    expect(await outcomeOf(upstream)).toBe('ERR_CIRCUIT_OPEN');
  });

  test('a circuit that somebody holds open, of an upstream that has not failed, is an error', async () => {
    const upstream = await startUpstream();
    const service = startService();
    await (await fetch(`${upstream.origin}/ok`)).text();
    service.signals.breakers.get(upstream.name)?.forceOpen();
    expect(await outcomeOf(upstream)).toBe('ERR_CIRCUIT_OPEN');
  });

  test('a breaker by name always throws', async () => {
    const breaker = startService().signals.breaker('queue', { openAs: 'response', minimumCalls: 1 });
    await breaker.run(() => Promise.reject(new Error('down'))).catch(() => {});
    await expect(breaker.run(() => 1)).rejects.toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
  });
});

test('an answer of ours is evidence for nothing', async () => {
  const { broken, service } = await startPair();
  const breaker = service.signals.breakers.get(broken.name);
  const before = breaker?.snapshot();
  for (let index = 0; index < 5; index += 1) await (await fetch(broken.origin)).text();
  expect(breaker?.snapshot()).toMatchObject({
    calls: before?.calls,
    failures: before?.failures,
    late: 0,
    rejected: 5,
  });
  expect(breaker?.transitions).toHaveLength(1);
});
