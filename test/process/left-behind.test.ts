import { createHook } from 'node:async_hooks';
import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { instrument, type Options } from '../../src/index.js';
import { settled } from '../support/fake-clock.js';
import { collectGarbage } from '../support/garbage.js';

const options = (): Options => ({
  traces: false,
  metrics: false,
  health: {
    checks: { often: { run: () => false, intervalMs: 5 }, asked: { run: () => true, intervalMs: 0 } },
    startup: { warm: () => {} },
  },
  heartbeat: { send: () => {}, intervalMs: 5 },
  overload: { shed: true, sampleMs: 50 },
  management: { port: 0 },
});

const make = {
  http: () => {
    const server = http.createServer((req, res) => res.writeHead(req.url === '/' ? 200 : 404).end());
    return { app: server, listen: async () => server.listen(0, '127.0.0.1') };
  },
  express: () => {
    const app = express();
    return { app, listen: async () => app.listen(0, '127.0.0.1') };
  },
  fastify: () => {
    const app = fastify();
    const listen = () => app.listen({ port: 0, host: '127.0.0.1' });
    return { app, listen: () => listen().then(() => app.server) };
  },
} as const;

/** A service with everything that runs in the background, used, and shut down. */
async function live(framework: keyof typeof make): Promise<WeakRef<object>[]> {
  const { app, listen } = make[framework]();
  const signals = instrument(app, options());
  const server = await listen();
  if (!server.listening) await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  for (const path of ['/', '/health', '/health/ready']) {
    const [response] = await once(http.get({ port, host: '127.0.0.1', path, agent: false }), 'response');
    await once(response.resume(), 'end');
  }
  signals.heartbeats.watch('peer', { intervalMs: 1_000 }).beat();
  await signals.breaker('ledger').run(async () => {});
  await signals.management?.address();
  await signals.shutdown();
  return [app, server, signals].map((thing) => new WeakRef<object>(thing));
}

const processListeners = () =>
  process.eventNames().map((name) => [String(name), process.listenerCount(name)] as const);

test.each(['http', 'express', 'fastify'] as const)(
  'a %s service that was shut down leaves no timer, no listener and no object behind',
  async (framework) => {
    // What is made once for the process is made by the first of all.
    await live(framework);
    const timers = new Set<number>();
    const hook = createHook({
      init: (id, type) => void (type === 'Timeout' && timers.add(id)),
      destroy: (id) => void timers.delete(id),
    }).enable();
    onTestFinished(() => void hook.disable());
    const before = processListeners();

    const left: WeakRef<object>[] = [];
    for (let count = 0; count < 10; count += 1) left.push(...(await live(framework)));

    for (let turn = 0; turn < 10; turn += 1) {
      await settled();
      collectGarbage();
    }
    expect(processListeners()).toEqual(before);
    // The last request and its connection may be held by whatever looked at them last.
    expect(left.filter((thing) => thing.deref() !== undefined).length).toBeLessThanOrEqual(3);
    // Ten services would leave ten of a kind; Node keeps one of its own for the Date header.
    expect(timers.size).toBeLessThan(5);
  },
);
