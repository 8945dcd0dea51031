import { METHODS } from 'node:http';
import * as net from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { plainHttp1Kinds } from './apps/kinds.js';
import { start, useCollector } from './support/service.js';

useCollector();

const requests = 10_000;
// More than this many unanswered on a connection, and some frameworks warn of their own listeners on the socket.
const atOnce = 8;

/** Every method that Node's parser takes on its own, by turns; HEAD and CONNECT answer in ways that cannot be counted here. */
const methods = METHODS.filter((method) => !['CONNECT', 'HEAD', 'TRACE'].includes(method));

/** Requests that have nothing in common: paths, hosts, queries, methods and headers that a caller can choose. */
function randomRequest(index: number): string {
  const random = Math.abs(Math.imul(index + 1, 2_654_435_761)).toString(36);
  const path =
    index % 3 === 0 ? `/orders/${random}` : index % 3 === 1 ? `/raw/${random}` : `/${random}/${index}`;
  return (
    `${methods[index % methods.length]} ${path}?${random}=${index} HTTP/1.1\r\nHost: ${random}.example:${1_000 + index}\r\n` +
    `User-Agent: ${random}\r\nX-Forwarded-Host: ${random}\r\nX-Forwarded-Proto: ${random}\r\nForwarded: host=${random};proto=${random}\r\n` +
    `Content-Length: 0\r\n\r\n`
  );
}

describe.each(plainHttp1Kinds)('$name', (kind) => {
  test(`has no more series after ${requests} different requests than the kinds of them`, async () => {
    const service = await start(kind, { options: { traces: { sampleRatio: 0 } } });
    const socket = net.connect(service.address.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    let answers = 0;
    let tail = '';
    socket.on('data', (chunk: Buffer) => {
      const text = tail + chunk.toString('latin1');
      answers += text.match(/HTTP\/1\.1 [2-5]/g)?.length ?? 0;
      // A status line may come in two parts; no whole one fits into this.
      tail = text.slice(-9);
    });
    const sendUntil = async (from: number, to: number) => {
      for (let index = from; index < to; index += atOnce) {
        const until = Math.min(to, index + atOnce);
        socket.write(Array.from({ length: until - index }, (_, at) => randomRequest(index + at)).join(''));
        await eventually(`${until} answers`, () => answers >= until || socket.destroyed);
      }
    };
    const series = async () => (await service.points('http.server.request.duration')).length;

    await sendUntil(0, methods.length * 3);
    const before = await series();
    await sendUntil(methods.length * 3, requests);
    const after = await series();

    expect(answers).toBe(requests);
    expect(after).toBe(before);
    const points = await service.points('http.server.request.duration');
    expect(points.reduce((sum, { count }) => sum + (count ?? 0), 0)).toBe(requests);
    expect(new Set(points.map(({ attributes }) => attributes['http.request.method']))).toContain('_OTHER');
    expect(await service.points('http.server.active_requests')).toHaveLength(
      new Set(points.map(({ attributes }) => attributes['http.request.method'])).size,
    );
    expect(await service.points('golden_signals.dropped')).toEqual([]);
  });
});
