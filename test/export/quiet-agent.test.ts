import * as http from 'node:http';
import * as https from 'node:https';
import type { Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createQuietAgent } from '../../src/export/quiet-agent.js';
import { settled } from '../support/fake-clock.js';
import { startReceiver } from './support/service.js';

const isHolding = (socket: Socket) =>
  (socket as unknown as { _handle: { hasRef(): boolean } | null })._handle?.hasRef();

const optionsOf = (agent: http.Agent) => (agent as unknown as { options: object }).options;

test('a socket does not hold the process, also when a second address had to be tried', async () => {
  const receiver = await startReceiver();
  const agent = createQuietAgent(new URL(receiver.url), {});
  onTestFinished(() => agent.destroy());
  Object.assign(optionsOf(agent), {
    autoSelectFamily: true,
    // Nobody listens on the first.
    lookup: (_host: string, _options: object, done: (error: null, addresses: object[]) => void) =>
      done(null, [
        { address: '::1', family: 6 },
        { address: '127.0.0.1', family: 4 },
      ]),
  });
  const sockets: Socket[] = [];
  const post = () =>
    new Promise<void>((resolve, reject) => {
      const url = `http://collector.example:${receiver.port}/v1/traces`;
      const request = http.request(url, { agent, method: 'POST' }, (response) => {
        response.resume().on('end', resolve);
        expect(isHolding(response.socket)).toBe(false);
      });
      request.on('socket', (socket) => sockets.push(socket)).on('error', reject);
      request.end();
    });
  await post();
  await settled();
  await post();
  expect(sockets[1]).toBe(sockets[0]);
  expect(isHolding(sockets[1] as Socket)).toBe(false);
});

test('https gets the certificates that are named', () => {
  const tls = { ca: Buffer.from('ca'), cert: Buffer.from('cert'), key: Buffer.from('key') };
  const agent = createQuietAgent(new URL('https://collector'), tls);
  expect(agent).toBeInstanceOf(https.Agent);
  expect(optionsOf(agent)).toMatchObject({ ...tls, keepAlive: true });
});
