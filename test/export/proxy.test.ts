import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { build } from '../contract/support/built.js';
import { createCertificate } from './support/certificate.js';

beforeAll(build, 120_000);

/** Node 22.21 and 24.5 are the first whose own requests go through a proxy of the environment. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const knowsProxies = major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21);

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A proxy, which resolves every name to this machine; it keeps what it was asked for. */
async function startProxy() {
  const asked: string[] = [];
  const proxy = createServer((req, res) => {
    asked.push(`${req.method} ${req.url}`);
    const { port, pathname } = new URL(req.url ?? '');
    const onward = connect(Number(port), '127.0.0.1', () => {
      onward.write(
        `POST ${pathname} HTTP/1.1\r\nhost: x\r\ncontent-length: ${req.headers['content-length']}\r\n\r\n`,
      );
      req.pipe(onward, { end: false });
    });
    onward.once('data', () => {
      res.end('{}');
      onward.destroy();
    });
  });
  proxy.on('connect', (req, socket) => {
    asked.push(`CONNECT ${req.url}`);
    const onward = connect(Number(req.url?.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [socket, onward]) end.on('error', () => {});
  });
  return { url: `http://127.0.0.1:${await listen(proxy)}`, asked };
}

const tls = createCertificate();

async function startCollector(isTls: boolean) {
  const paths: string[] = [];
  const take: RequestListener = (req, res) => {
    req.resume().on('end', () => {
      paths.push(req.url ?? '');
      res.setHeader('connection', 'close').end('{}');
    });
  };
  return { port: await listen(isTls ? createTlsServer(tls, take) : createServer(take)), paths };
}

async function exportOnce(env: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'golden-signals-proxy-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'ca.pem'), tls.cert);
  // Node 22 has that warning for every process with NODE_USE_ENV_PROXY.
  const args = ['--disable-warning=UNDICI-EHPA', join(__dirname, 'fixtures/once.cjs')];
  const { stderr } = await promisify(execFile)(process.execPath, args, {
    env: {
      PATH: process.env.PATH,
      OTEL_LOG_LEVEL: 'warn',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_EXPORTER_OTLP_CERTIFICATE: join(folder, 'ca.pem'),
      ...env,
    },
  });
  return stderr;
}

describe('an export, where NODE_USE_ENV_PROXY is set', () => {
  test('over TLS goes through a tunnel of HTTPS_PROXY', async () => {
    const [proxy, collector] = [await startProxy(), await startCollector(true)];
    const said = await exportOnce({
      NODE_USE_ENV_PROXY: '1',
      HTTPS_PROXY: proxy.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: `https://127.0.0.1:${collector.port}`,
    });
    expect(said).toBe('');
    expect(collector.paths).toEqual(['/v1/traces']);
    expect(proxy.asked).toEqual(knowsProxies ? [`CONNECT 127.0.0.1:${collector.port}`] : []);
  });

  test.runIf(knowsProxies)('in plain HTTP is relayed by HTTP_PROXY, which looks the name up', async () => {
    const [proxy, collector] = [await startProxy(), await startCollector(false)];
    const endpoint = `http://collector.example:${collector.port}`;
    const said = await exportOnce({
      NODE_USE_ENV_PROXY: '1',
      HTTP_PROXY: proxy.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    });
    expect(said).toBe('');
    expect(collector.paths).toEqual(['/v1/traces']);
    expect(proxy.asked).toEqual([`POST ${endpoint}/v1/traces`]);
  });

  test('goes straight to a host that NO_PROXY names', async () => {
    const [proxy, collector] = [await startProxy(), await startCollector(true)];
    const said = await exportOnce({
      NODE_USE_ENV_PROXY: '1',
      HTTPS_PROXY: proxy.url,
      NO_PROXY: '127.0.0.1',
      OTEL_EXPORTER_OTLP_ENDPOINT: `https://127.0.0.1:${collector.port}`,
    });
    expect(said).toBe('');
    expect(collector.paths).toEqual(['/v1/traces']);
    expect(proxy.asked).toEqual([]);
  });
});

test('without it, an export goes straight to the collector, as all requests of Node do', async () => {
  const [proxy, collector] = [await startProxy(), await startCollector(false)];
  const said = await exportOnce({
    HTTP_PROXY: proxy.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}`,
  });
  expect(said).toBe('');
  expect(collector.paths).toEqual(['/v1/traces']);
  expect(proxy.asked).toEqual([]);
});
