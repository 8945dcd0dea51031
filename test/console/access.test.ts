import { request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { typed } from '../cli/support/terminal.js';
import { consoleFor } from './support/console.js';

/** What fetch does not let a test set. */
function ask(
  port: number,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    req.on('error', reject).end();
  });
}

describe('who may ask', () => {
  test('a name that is not ours is refused, as that of a page that resolves to this machine', async () => {
    const { port } = await consoleFor();
    for (const host of ['localhost', `localhost:${port}`, '127.0.0.1', '[::1]:4318', 'host.docker.internal'])
      expect((await ask(port, '/api/status', { host })).status, host).toBe(200);
    const evil = await ask(port, '/api/status', { host: 'evil.example:4318' });
    expect(evil).toMatchObject({ status: 421, text: expect.stringContaining('--allow-host evil.example') });
  });

  test('a further name is allowed', async () => {
    const { port } = await consoleFor({ allowHosts: ['Console.test'] });
    expect((await ask(port, '/api/status', { host: 'console.test' })).status).toBe(200);
  });

  test('a page of another origin is refused, also where it only writes', async () => {
    const { port, endpoint } = await consoleFor();
    const host = `localhost:${port}`;
    expect((await ask(port, '/api/status', { host, origin: `http://${host}` })).status).toBe(200);
    expect((await ask(port, '/api/status', { host, origin: 'http://evil.example' })).status).toBe(403);
    expect((await ask(port, '/api/status', { host, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    const written = await fetch(`${endpoint}/v1/traces`, {
      method: 'POST',
      headers: { origin: 'http://localhost:1', 'content-type': 'application/json' },
      body: '{}',
    });
    expect(written.status).toBe(403);
  });

  test('every answer has a policy that lets nothing else in', async () => {
    const { endpoint } = await consoleFor();
    for (const path of ['/api/status', '/api/none', '/']) {
      const { headers } = await fetch(endpoint + path);
      expect(headers.get('content-security-policy')).toContain("default-src 'self'");
      expect(headers.get('content-security-policy')).not.toContain('unsafe');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  test('the token of the printed URL becomes a cookie', async () => {
    const { url, endpoint } = await consoleFor({ token: 's3cret' });
    expect((await fetch(`${endpoint}/api/status`)).status).toBe(401);
    const first = await fetch(url, { redirect: 'manual' });
    expect(first.status).toBe(303);
    expect(first.headers.get('location')).toBe('/');
    const cookie = first.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
    const [pair = ''] = cookie.split(';');
    expect((await fetch(`${endpoint}/api/status`, { headers: { cookie: pair } })).status).toBe(200);
    expect((await fetch(`${endpoint}/api/status`, { headers: { cookie: `${pair}x` } })).status).toBe(401);
  });

  test('senders show the token in a header', async () => {
    const { endpoint } = await consoleFor({ token: 's3cret' });
    const send = (headers: Record<string, string>) =>
      fetch(`${endpoint}/v1/logs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{}',
      });
    const refused = await send({});
    expect(refused.status).toBe(401);
    expect(await refused.text()).toContain('OTEL_EXPORTER_OTLP_HEADERS');
    expect((await send({ authorization: 'Bearer s3cret' })).status).toBe(200);
  });

  test('another address without a token is refused', async () => {
    const { code, err } = await typed(['console', '--host', '0.0.0.0']);
    expect(code).toBe(2);
    expect(err).toContain('--token');
  });
});

describe('where it listens', () => {
  test('both families of the loopback, on one port', async () => {
    const { port } = await consoleFor();
    for (const host of ['127.0.0.1', '::1']) {
      const isThere = await new Promise((resolve) => {
        const socket = connect({ host, port });
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
        socket.once('connect', () => socket.destroy());
      });
      expect(isThere, host).toBe(true);
    }
  });

  test('a taken port is stepped over, with one line that says where to send', async () => {
    const first = await consoleFor();
    const second = await consoleFor({ port: first.port });
    expect(second.port).toBeGreaterThan(first.port);
    expect(second.said).toEqual([
      `port ${first.port} is taken: senders have to be pointed here, OTEL_EXPORTER_OTLP_ENDPOINT=${second.endpoint}`,
    ]);
  });
});
