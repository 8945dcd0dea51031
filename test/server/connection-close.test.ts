import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { closeAfter } from '../../src/server/connection-close.js';

type Respond = (res: http.ServerResponse) => void;

/** The headers of the answer, as they came. */
async function answered(respond: Respond, isAsked = true): Promise<http.IncomingMessage> {
  const server = http.createServer((_req, res) => {
    if (isAsked) closeAfter(res);
    respond(res);
  });
  onTestFinished(() => void server.closeAllConnections());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const agent = new http.Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const request = http.get({ agent, host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response;
}

const connectionsOf = ({ rawHeaders }: http.IncomingMessage) =>
  rawHeaders.flatMap((name, index) =>
    index % 2 === 0 && name.toLowerCase() === 'connection' ? [rawHeaders[index + 1]] : [],
  );

const responses: readonly [string, Respond][] = [
  ['nothing but an end', (res) => res.end('x')],
  ['writeHead()', (res) => res.writeHead(201).end('x')],
  ['writeHead() with a reason', (res) => res.writeHead(201, 'Made').end('x')],
  ['setHeader()', (res) => res.setHeader('Connection', 'keep-alive').end('x')],
  ['an object', (res) => res.writeHead(201, { connection: 'keep-alive', 'X-Kept': '1' }).end('x')],
  ['a reason and an object', (res) => res.writeHead(201, 'Made', { Connection: 'keep-alive' }).end('x')],
  ['an array', (res) => res.writeHead(201, ['CONNECTION', 'keep-alive', 'X-Kept', 'connection']).end('x')],
  ['an array of pairs', (res) => res.writeHead(201, [['Connection', 'keep-alive']] as never).end('x')],
];

describe('a response that is to be the last of its connection', () => {
  test.each(responses)('says so once, whatever the application says with %s', async (_name, respond) => {
    expect(connectionsOf(await answered(respond))).toEqual(['close']);
    expect(connectionsOf(await answered(respond, false))).toEqual(['keep-alive']);
  });

  test('keeps the other headers', async () => {
    const byObject = await answered((res) =>
      res.writeHead(201, { connection: 'keep-alive', 'X-Kept': '1' }).end(),
    );
    expect(byObject.headers).toMatchObject({ 'x-kept': '1' });
    const byArray = await answered((res) => res.writeHead(201, ['X-Kept', 'connection', 'A', 'b']).end());
    expect(byArray.headers).toMatchObject({ 'x-kept': 'connection', a: 'b' });
  });

  test('fails where it would have failed: headers sent twice', async () => {
    let error: unknown;
    const response = await answered((res) => {
      res.writeHead(200);
      res.flushHeaders();
      try {
        res.writeHead(500);
      } catch (thrown) {
        error = thrown;
      }
      res.end();
    });
    expect(response.statusCode).toBe(200);
    expect(error).toMatchObject({ code: 'ERR_HTTP_HEADERS_SENT' });
  });

  test('is left alone once it is under way', async () => {
    const response = await answered((res) => {
      res.flushHeaders();
      const { writeHead } = res;
      closeAfter(res);
      expect(res.writeHead).toBe(writeHead);
      res.end();
    }, false);
    expect(connectionsOf(response)).toEqual(['keep-alive']);
  });
});
