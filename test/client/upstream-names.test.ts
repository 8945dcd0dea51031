import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { startService, type TestService } from './support/service.js';
import { COPIES, loadCopy } from './support/undici.js';
import { startUpstream, type Upstream } from './support/upstream.js';

let service: TestService;
let upstream: Upstream;

beforeEach(async () => {
  upstream = await startUpstream();
  service = startService({ breaker: { minimumCalls: 4 } });
});

const named = () => service.signals.breakers.all().map(({ name }) => name);
const stateOf = (name: string) => service.signals.breakers.get(name)?.state;
const urls = () => service.calls().map(({ attributes }) => attributes['url.full']);

async function answerOf(req: http.ClientRequest): Promise<number | undefined> {
  const [res] = (await once(req, 'response')) as [http.IncomingMessage];
  res.resume();
  await once(res, 'end');
  return res.statusCode;
}

/** A good and a bad server, on a Unix domain socket each. */
async function startSockets(): Promise<{ good: string; bad: string; gone: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'names-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, status] of [
    ['good', 200],
    ['bad', 500],
  ] as const) {
    const server = http.createServer((_req, res) => void res.writeHead(status).end(name));
    server.listen(join(folder, name));
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
  }
  return { good: join(folder, 'good'), bad: join(folder, 'bad'), gone: join(folder, 'gone') };
}

describe.each(COPIES)('%s', (copy) => {
  test('two Unix domain sockets are two upstreams, by clients and by agents', async () => {
    const { Agent, Client, request } = await loadCopy(copy);
    const sockets = await startSockets();
    const client = new Client('http://localhost', { socketPath: sockets.bad });
    const agent = new Agent({ connect: { socketPath: sockets.good } });
    const lost = new Client('http://localhost', { socketPath: sockets.gone });
    onTestFinished(async () => {
      await Promise.all([client.destroy(), agent.destroy(), lost.destroy()]);
    });
    for (let count = 0; count < 4; count += 1) {
      const bad = await client.request({ path: '/', method: 'GET' });
      await bad.body.text();
      const good = await request('http://localhost/', { dispatcher: agent });
      expect(await good.body.text()).toBe('good');
      await expect(lost.request({ path: '/', method: 'GET' })).rejects.toThrow();
    }
    await service.settled();
    expect([stateOf(sockets.bad), stateOf(sockets.good), stateOf(sockets.gone)]).toEqual([
      'open',
      'closed',
      'open',
    ]);
    expect(service.signals.breakers.get('localhost:80')?.snapshot()).toMatchObject({ calls: 0 });
    expect(service.calls()).toHaveLength(12);
    const addresses = service.calls().map(({ attributes }) => attributes['server.address']);
    expect(new Set(addresses)).toEqual(new Set(Object.values(sockets)));
  });

  test('a query is in the URL, also of a retry', async () => {
    const { request } = await loadCopy(copy);
    const { body } = await request(`${upstream.origin}/ok`, { query: { page: 2 } });
    await body.text();
    await service.settled();
    expect(urls()).toEqual([`${upstream.origin}/ok?page=2`]);
  });

  test('a name that an interceptor looks up is the name of the upstream', async () => {
    const { Agent, interceptors, request } = await loadCopy(copy);
    if (interceptors.dns === undefined) return;
    const agent = new Agent().compose(interceptors.dns());
    onTestFinished(() => agent.close());
    const { body } = await request(`http://localhost:${upstream.port}/ok`, { dispatcher: agent });
    await body.text();
    await service.settled();
    expect(urls()).toEqual([`http://localhost:${upstream.port}/ok`]);
    expect(named()).toEqual([`localhost:${upstream.port}`]);
  });
});

describe('http', () => {
  test("an agent's own port and host are where its calls go", async () => {
    const agent = new http.Agent({ port: upstream.port, host: '127.0.0.1' } as http.AgentOptions);
    await answerOf(http.get('http://orders.example/ok', { agent }));
    await service.settled();
    expect(named()).toEqual([upstream.name]);
    expect(urls()).toEqual([`${upstream.origin}/ok`]);
  });

  test.each<[string, (connect: () => net.Socket) => http.RequestOptions]>([
    ['of a request', (connect) => ({ createConnection: connect })],
    [
      'of an agent',
      (connect) => ({
        agent: Object.assign(new http.Agent({ keepAlive: true }), { createConnection: connect }),
      }),
    ],
  ])('a createConnection %s decides where it goes', async (_title, optionsOf) => {
    const sockets = await startSockets();
    for (const path of [sockets.good, sockets.bad]) {
      const options = optionsOf(() => net.connect(path));
      for (let count = 0; count < 4; count += 1)
        await answerOf(http.get({ ...options, host: 'docker', path: '/' }));
      (options.agent as http.Agent | undefined)?.destroy();
    }
    const options = optionsOf(() => net.connect(upstream.port, '127.0.0.1'));
    await answerOf(http.get({ ...options, host: 'orders', path: '/ok' }));
    await service.settled();
    expect([stateOf(sockets.good), stateOf(sockets.bad), stateOf(upstream.name)]).toEqual([
      'closed',
      'open',
      'closed',
    ]);
    expect(service.signals.breakers.get('docker:80')?.snapshot() ?? { calls: 0 }).toMatchObject({ calls: 0 });
    expect(urls().at(-1)).toBe(`${upstream.origin}/ok`);
    expect(service.calls()).toHaveLength(9);
  });

  test('an address that an agent has looked up leaves the name as it is', async () => {
    const agent = Object.assign(new http.Agent(), {
      createConnection: ({ port }: { port: number }) => net.connect(port, '127.0.0.1'),
    } as never);
    await answerOf(http.get(`http://orders.example:${upstream.port}/ok`, { agent }));
    await service.settled();
    expect(named()).toEqual([`orders.example:${upstream.port}`]);
  });
});
