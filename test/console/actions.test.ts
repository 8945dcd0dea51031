import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { typed } from '../cli/support/terminal.js';
import { consoleFor } from './support/console.js';

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly body: string;
}

/** A process that offers one action. */
async function offering(list: unknown, status = 200): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      asked.push({ method: request.method, url: request.url, body });
      if (request.method === 'POST') {
        response.writeHead(request.url === '/faults/slow' ? 200 : 404, { 'content-type': 'text/html' });
        response.end('<b>done</b>');
        return;
      }
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(typeof list === 'string' ? list : JSON.stringify(list));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/faults`, asked };
}

const slow = { name: 'slow', title: 'Slow payment', expect: 'HighLatencyP99', active: false };

describe('actions', () => {
  test('are listed, and done where they are offered', async () => {
    const { url, asked } = await offering([slow, { name: 'bare' }]);
    const { ask, endpoint } = await consoleFor({ actions: `${url}/` });
    expect(await ask('/api/actions')).toEqual({
      actions: [slow, { name: 'bare', title: 'bare', expect: '', active: false }],
      failure: null,
    });
    expect(await ask('/api/status')).toMatchObject({ hasActions: true });
    const done = await fetch(`${endpoint}/api/actions/slow`, { method: 'POST', body: '{"active":true}' });
    expect({ status: done.status, text: await done.text() }).toEqual({ status: 200, text: '<b>done</b>' });
    expect(done.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(asked.at(-1)).toEqual({ method: 'POST', url: '/faults/slow', body: '{"active":true}' });
    expect((await fetch(`${endpoint}/api/actions/other`, { method: 'POST' })).status).toBe(404);
  });

  test('a console without them says so', async () => {
    const { ask, endpoint } = await consoleFor();
    expect(await ask('/api/actions')).toEqual({ actions: [], failure: null });
    expect(await ask('/api/status')).toMatchObject({ hasActions: false });
    const refused = await fetch(`${endpoint}/api/actions/slow`, { method: 'POST' });
    expect(refused.status).toBe(404);
    expect(await refused.text()).toContain('without --actions');
  });

  test.each([
    ['no list', { a: 1 }, 200, 'it gives no list'],
    ['no JSON', '<html>', 200, 'cannot be listed'],
    ['a failure', [], 500, 'it answers 500'],
    ['a name that leads elsewhere', [{ name: '../status' }], 200, 'an action has no name'],
  ])('of a process that answers %s there are none, and why', async (_name, list, status, failure) => {
    const { url } = await offering(list, status);
    const { ask } = await consoleFor({ actions: url });
    expect(await ask('/api/actions')).toEqual({ actions: [], failure: expect.stringContaining(failure) });
  });

  test('of a process that is gone there are none, and nothing can be done', async () => {
    const { ask, endpoint } = await consoleFor({ actions: 'http://127.0.0.1:1/faults' });
    expect(await ask('/api/actions')).toMatchObject({ actions: [], failure: expect.any(String) });
    expect((await fetch(`${endpoint}/api/actions/slow`, { method: 'POST' })).status).toBe(502);
  });

  test('are done only for those who may ask, by POST, by their name', async () => {
    const { url, asked } = await offering([slow]);
    const { endpoint } = await consoleFor({ actions: url, token: 'secret' });
    const post = (path: string, headers: Record<string, string>) =>
      fetch(endpoint + path, { method: 'POST', headers }).then(({ status }) => status);
    const authorization = 'Bearer secret';
    expect(await post('/api/actions/slow', {})).toBe(401);
    expect(await post('/api/actions/slow', { authorization, origin: 'http://evil.example' })).toBe(403);
    expect(await post('/api/actions/..%2Fstatus', { authorization })).toBe(404);
    expect((await fetch(`${endpoint}/api/actions/slow`, { headers: { authorization } })).status).toBe(405);
    expect(asked).toEqual([]);
    expect(await post('/api/actions/slow', { authorization })).toBe(200);
  });

  test('a body that is too long is refused', async () => {
    const { url, asked } = await offering([slow]);
    const { endpoint } = await consoleFor({ actions: url });
    const refused = await fetch(`${endpoint}/api/actions/slow`, { method: 'POST', body: 'x'.repeat(20_000) });
    expect(refused.status).toBe(413);
    expect(asked).toEqual([]);
  });

  test.each(['http://example.com/faults', 'https://localhost:1', 'faults', 'http://localhost:1/?a=b'])(
    '%s is no address of actions',
    async (url) => {
      const { code, err } = await typed(['console', '--port', '0', '--actions', url]);
      expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('--actions takes an http URL') });
    },
  );
});
