import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http from 'node:http';
import v8 from 'node:v8';
import { expect, onTestFinished, test } from 'vitest';
import { FetchCall } from '../../src/client/fetch/fetch-call.js';
import { OutboundCall } from '../../src/client/outbound-call.js';
import { instrument } from '../../src/index.js';
import { LiveSpan } from '../../src/trace/live-span.js';
import { eventually } from '../support/eventually.js';
import { loadCopy } from './support/undici.js';

const CALLS = 3_400;
const AT_A_TIME = 40;

const callers: Record<string, (url: string, agent: http.Agent) => Promise<unknown>> = {
  fetch: async (url) => (await fetch(url, { signal: new AbortController().signal })).text(),
  async 'undici.request'(url) {
    const { request } = await loadCopy('undici7');
    return (await request(url)).body.text();
  },
  async 'http.request'(url, agent) {
    const [res] = await once(http.get(url, { agent }), 'response');
    res.resume();
    return once(res, 'end');
  },
};

async function repeat(count: number, call: () => Promise<unknown>): Promise<void> {
  let left = count;
  const loop = async () => {
    while (left > 0) {
      left -= 1;
      await call();
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, loop));
}

/** How many objects of a class are alive. Exact, where the size of the heap is what garbage collection makes of it. */
const alive = (made: { new (...args: never[]): object }): number =>
  (v8 as unknown as { queryObjects(made: unknown, options: { format: 'count' }): number }).queryObjects(
    made,
    { format: 'count' },
  );

test.each(Object.keys(callers))(
  `${CALLS} calls of %s, good and bad, leave nothing behind`,
  async (client) => {
    process.env.OTEL_TRACES_EXPORTER = 'none';
    process.env.OTEL_METRICS_EXPORTER = 'none';
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => {
      // That is the way in which this test counts.
      if (warning.name !== 'ExperimentalWarning') warnings.push(warning);
    };
    process.on('warning', onWarning);
    let served = 0;
    const server = http.createServer((req, res) => {
      served += 1;
      if (served % 10 === 0) req.socket.destroy();
      else res.writeHead(served % 10 === 1 ? 500 : 200).end('payload');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const agent = new http.Agent({ keepAlive: true });
    const signals = instrument(undefined, {
      service: 'leftovers-test',
      breaker: { mode: 'observe', maxConcurrent: 1_000 },
    });
    onTestFinished(async () => {
      process.off('warning', onWarning);
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await signals.shutdown();
    });
    const name = `127.0.0.1:${(server.address() as { port: number }).port}`;
    const call = () => callers[client]?.(`http://${name}/`, agent).catch(() => {}) as Promise<unknown>;
    const listeners = process.eventNames().map((event) => [event, process.listenerCount(event)]);

    await repeat(CALLS, call);
    await eventually('the end of all calls', () => signals.breakers.get(name)?.inFlight === 0);

    expect(served).toBeGreaterThan(CALLS / 2);
    expect(process.eventNames().map((event) => [event, process.listenerCount(event)])).toEqual(listeners);
    for (const socket of Object.values(agent.freeSockets).flat()) {
      const counts = (socket?.eventNames() ?? []).map((event) => socket?.listenerCount(event) ?? 0);
      expect(Math.max(0, ...counts)).toBeLessThan(5);
    }
    expect(warnings.map(({ stack }) => stack)).toEqual([]);
    process.off('warning', onWarning);
    // A connection that is kept knows the request that it carried last.
    const few = 3 * AT_A_TIME;
    // The last ones are still being let go of.
    for (const made of [OutboundCall, FetchCall, LiveSpan, http.ClientRequest])
      await eventually(`few of ${made.name} to be left`, () => alive(made) <= few);
  },
  120_000,
);

test.each([
  ['that was answered', '/ok'],
  ['that broke off', '/gone'],
])("undici's request lets go of a call %s", async (_how, path) => {
  process.env.OTEL_TRACES_EXPORTER = 'none';
  process.env.OTEL_METRICS_EXPORTER = 'none';
  const server = http.createServer((req, res) => {
    if (req.url === '/gone') req.socket.destroy();
    else res.end('payload');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const requests: object[] = [];
  const keep = (message: unknown) => requests.push((message as { request: object }).request);
  channel('undici:request:create').subscribe(keep);
  const signals = instrument(undefined, { service: 'leftovers-test' });
  onTestFinished(async () => {
    channel('undici:request:create').unsubscribe(keep);
    server.closeAllConnections();
    server.close();
    await signals.shutdown();
  });
  const { port } = server.address() as { port: number };

  const call = (to: string) =>
    fetch(`http://127.0.0.1:${port}${to}`).then(
      (response) => response.text(),
      () => '',
    );
  await call(path);
  // The one that has ended last may be kept.
  await call('/ok');

  const held = () =>
    requests
      .slice(0, 1)
      .flatMap((request) =>
        Object.getOwnPropertySymbols(request).map((key) => (request as Record<symbol, unknown>)[key]),
      );
  expect(requests).toHaveLength(2);
  expect(signals.breakers.get(`127.0.0.1:${port}`)?.snapshot().calls).toBe(2);
  await eventually('the request to let go', () => !held().some((value) => value instanceof OutboundCall));
});
