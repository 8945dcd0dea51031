import { once } from 'node:events';
import http from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test } from 'vitest';
import { instrument } from '../../src/index.js';
import { loadCopy } from './support/undici.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const ROUNDS = 5;
const CALLS = 2_000;
const AT_A_TIME = 40;

const callers: Record<string, (url: string, agent: http.Agent) => Promise<unknown>> = {
  fetch: async (url) => (await fetch(url)).text(),
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

async function usedAfterwards(): Promise<number> {
  // What a call leaves to a later turn is done first.
  for (let turn = 0; turn < 5; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collectGarbage();
  }
  return process.memoryUsage().heapUsed;
}

test.each(Object.keys(callers))(
  `${ROUNDS * CALLS} calls of %s leave nothing behind`,
  async (client) => {
    process.env.OTEL_TRACES_EXPORTER = 'none';
    process.env.OTEL_METRICS_EXPORTER = 'none';
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
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
      service: 'leak-test',
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
    const growth: number[] = [];
    let used = await usedAfterwards();
    for (let round = 0; round < ROUNDS; round += 1) {
      await repeat(CALLS, call);
      const now = await usedAfterwards();
      growth.push(now - used);
      used = now;
    }

    // Code and connections grow in some rounds, without us too. What leaks does so in each: a hundred bytes a call are 200 kB.
    expect(growth.sort((a, b) => a - b)[1]).toBeLessThan(100_000);
    expect(signals.breakers.get(name)?.inFlight).toBe(0);
    expect(process.eventNames().map((event) => [event, process.listenerCount(event)])).toEqual(listeners);
    for (const socket of Object.values(agent.freeSockets).flat()) {
      expect(
        Math.max(0, ...(socket?.eventNames() ?? []).map((event) => socket?.listenerCount(event) ?? 0)),
      ).toBeLessThan(5);
    }
    expect(warnings).toEqual([]);
  },
  120_000,
);
