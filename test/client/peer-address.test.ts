import { fork } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { startService } from './support/service.js';
import { loadCopy } from './support/undici.js';

const callers: Record<string, (url: string, onceSent: () => void) => Promise<unknown>> = {
  async 'http.request'(url, onceSent) {
    const req = http
      .get(url, { agent: false })
      .once('finish', onceSent)
      .on('error', () => {});
    const [res] = await once(req, 'response');
    return text(res);
  },
  async 'undici.request'(url, onceSent) {
    const { Client } = await loadCopy('undici7');
    const { origin, pathname } = new URL(url);
    const client = new Client(origin);
    const call = client.request({ path: pathname, method: 'GET' });
    client.once('connect', () => setImmediate(onceSent));
    return (await call).body.text();
  },
};

test.each(Object.keys(callers))(
  'who has answered is known although the reset came before the answer was read: %s',
  async (client) => {
    const upstream = fork(join(__dirname, 'support/slow-upstream.cjs'));
    onTestFinished(() => upstream.disconnect());
    const [port] = await once(upstream, 'message');
    const service = startService();
    const standStill = () => {
      const until = performance.now() + 150;
      while (performance.now() < until);
    };

    await expect(callers[client]?.(`http://127.0.0.1:${port}/reset/1/a`, standStill)).rejects.toThrow();

    await service.settled();
    expect(service.call().attributes).toMatchObject({
      'network.peer.address': '127.0.0.1',
      'network.peer.port': port,
    });
  },
);
