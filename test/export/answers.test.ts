import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createCertificate } from './support/certificate.js';
import { startReceiver, startService } from './support/service.js';

async function portOf(server: http.Server | https.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Exports three spans to something that answers in its own way; gives what was counted as given up, and what was said. */
async function answeredBy(protocol: string, listener: RequestListener) {
  const receiver = await startReceiver();
  const port = await portOf(
    http.createServer((req, res) => {
      req.resume().on('end', () => listener(req, res));
    }),
  );
  const { burst, signals, lines } = await startService({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${port}/v1/traces`,
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: protocol,
  });
  await burst(3);
  await signals.flush();
  await signals.flush();
  const dropped = receiver
    .metrics()
    .filter(({ name }) => name === 'golden_signals.dropped')
    .map(({ attributes, value }) => [attributes['golden_signals.reason'], value]);
  return { dropped: dropped.at(-1), lines };
}

describe('a collector that takes a part', () => {
  test.each([
    ['http/protobuf', 'application/x-protobuf', Buffer.from('0a020802', 'hex')],
    ['http/json', 'application/json', '{"partialSuccess":{"rejectedSpans":"2","errorMessage":"no"}}'],
    ['http/protobuf', 'application/json; charset=utf-8', '{"partialSuccess":{"rejectedSpans":2}}'],
  ])('and says so over %s as %s has what it rejected counted', async (protocol, type, body) => {
    const { dropped, lines } = await answeredBy(protocol, (_req, res) => {
      res.setHeader('content-type', type).end(body);
    });
    expect(dropped).toEqual(['rejected', 2]);
    expect(lines).toEqual([]);
  });
});

describe('a collector that takes all', () => {
  test.each([
    ['nothing', 200, {}, ''],
    ['nothing, with 202', 202, {}, ''],
    ['a word of its own', 200, { 'content-type': 'text/plain' }, 'OK'],
    ['an empty object', 200, { 'content-type': 'application/json' }, '{}'],
    ['null', 200, { 'content-type': 'application/json' }, 'null'],
    [
      'a field that nobody knows',
      200,
      { 'content-type': 'application/x-protobuf' },
      Buffer.from('1001', 'hex'),
    ],
  ])('may answer with %s', async (_what, status, headers, body) => {
    const { dropped, lines } = await answeredBy('http/protobuf', (_req, res) => {
      res.writeHead(status, headers).end(body);
    });
    expect({ dropped, lines }).toEqual({ dropped: undefined, lines: [] });
  });
});

describe('something else on that port', () => {
  test.each([
    ['a page', 200, { 'content-type': 'text/html; charset=utf-8' }, '<!doctype html>secret'],
    ['JSON that is none', 200, { 'content-type': 'application/json' }, '{secret'],
    ['a redirect', 302, { location: 'http://127.0.0.1:1/secret' }, ''],
    ['its own 404', 404, { 'content-type': 'text/plain' }, 'secret'],
  ])('that answers with %s is no collector: said once, without its words, and counted', async (...given) => {
    const [, status, headers, body] = given;
    const { dropped, lines } = await answeredBy('http/protobuf', (_req, res) => {
      res.writeHead(status, headers).end(body);
    });
    expect(dropped).toEqual(['export_failed', 3]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('secret');
  });
});

describe('a collector behind TLS', () => {
  test('is trusted by the certificate that is named, and not without it', async () => {
    const { key, cert } = createCertificate();
    const folder = mkdtempSync(join(tmpdir(), 'golden-signals-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'ca.pem');
    writeFileSync(file, cert);
    let exports = 0;
    const server = https.createServer({ key, cert }, (req, res) => {
      exports += 1;
      req.resume().on('end', () => res.end());
    });
    const environment = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `https://127.0.0.1:${await portOf(server)}`,
      OTEL_METRICS_EXPORTER: 'none',
    };
    const trusted = await startService({ ...environment, OTEL_EXPORTER_OTLP_CERTIFICATE: file });
    await trusted.get();
    await trusted.signals.flush();
    expect({ exports, lines: trusted.lines }).toEqual({ exports: 1, lines: [] });
    await trusted.signals.shutdown();

    const untrusted = await startService(environment);
    await untrusted.get();
    await untrusted.signals.flush();
    expect(exports).toBe(1);
    expect(untrusted.lines[0]).toMatch(/spans: \w*SELF_SIGNED\w*/);
  });
});
