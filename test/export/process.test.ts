import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createCertificate } from './support/certificate.js';
import { startReceiver } from './support/service.js';

interface Started {
  readonly child: ChildProcess;
  /** How it ended; that it does is most of what these tests are about. */
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

/** Starts a program of the fixtures on the built package, with no variable of OpenTelemetry but those given. */
function start(
  fixture: string,
  args: readonly string[],
  variables: Record<string, string>,
  execArgv: string[] = [],
): Started {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(OTEL_|NODE_OPTIONS|VITEST)/.test(name),
  );
  const child = fork(join(__dirname, 'fixtures', fixture), args, {
    // What a service says when it starts is tried elsewhere: here it is to say nothing more.
    env: { ...Object.fromEntries(inherited), OTEL_LOG_LEVEL: 'warn', ...variables },
    execArgv,
    silent: true,
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, 'close').then(([code]) => ({ code, stdout, stderr }));
  return { child, ended };
}

async function messageOf<T>({ child, ended }: Started): Promise<T> {
  const early = ended.then(({ code, stderr }) => {
    throw new Error(`ended with ${code} and said nothing: ${stderr}`);
  });
  early.catch(() => {});
  const [message] = await Promise.race([once(child, 'message'), early]);
  return message as T;
}

const nobody = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_EXPORTER_OTLP_TIMEOUT: '100' };

describe('what is loaded', () => {
  const loadedBy = async (variables: Record<string, string>) => {
    const receiver = await startReceiver();
    const started = start('loaded.cjs', [], { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...variables });
    const files = await messageOf<{ before: string[]; after: string[] }>(started);
    expect((await started.ended).code).toBe(0);
    // Metrics once more when the process has nothing left to do.
    expect(receiver.requests.map(({ path }) => path).sort()).toEqual([
      '/v1/metrics',
      '/v1/metrics',
      '/v1/traces',
    ]);
    return files;
  };

  test('is nothing of the SDK, not even by an export', async () => {
    expect(await loadedBy({})).toEqual({ before: [], after: [] });
  });

  test('for JSON is the SDK that is built in, by the first export and not before', async () => {
    const { before, after } = await loadedBy({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' });
    expect(before).toEqual([]);
    expect(after).toEqual([expect.stringMatching(/opentelemetry\.js$/)]);
  });
});

describe('a process', () => {
  test.each(['nothing', 'server', 'user'])(
    'that only instruments (%s) is held by nothing of ours',
    async (what) => {
      const started = start('idle.cjs', [what], nobody);
      expect(await messageOf(started)).toEqual({ held: [] });
      // What waits is sent before it ends, and nothing answers there.
      expect(await started.ended).toEqual({
        code: 0,
        stdout: '',
        stderr: expect.stringMatching(
          /^golden-signals warn: telemetry cannot be exported to http:\/\/127\.0\.0\.1:1, where nothing answers[^\n]*\n$/,
        ),
      });
    },
  );

  // An export that held the process would hold it for ten minutes.
  const patient = {
    OTEL_EXPORTER_OTLP_TIMEOUT: '600000',
    OTEL_BSP_EXPORT_TIMEOUT: '600000',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1',
    OTEL_METRIC_EXPORT_INTERVAL: '50',
    OTEL_METRIC_EXPORT_TIMEOUT: '50',
  };

  test.each([
    ['hangs', 'hang'],
    ['asks for a retry in ten minutes', { status: 503, headers: { 'retry-after': '590' } }],
  ] as const)('that has nothing more to do ends while its collector %s', async (_what, behaviour) => {
    const receiver = await startReceiver();
    await receiver.behave(behaviour);
    const { child, ended } = start('ends.cjs', [], { ...patient, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    await receiver.waitForRequests(({ path }) => path === '/v1/traces');
    await receiver.waitForRequests(({ path }) => path === '/v1/metrics');
    child.send('go');
    expect(await ended).toMatchObject({ code: 0 });
  });

  test('that reaches its collector by a name ends as well', async () => {
    const receiver = await startReceiver();
    await receiver.behave('hang');
    const endpoint = `http://localhost:${receiver.port}`;
    const { child, ended } = start('ends.cjs', [], { ...patient, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
    await receiver.waitForRequests(({ path }) => path === '/v1/traces');
    child.send('go');
    expect(await ended).toMatchObject({ code: 0 });
  });

  test('that reaches its collector by TLS ends as well', async () => {
    const { key, cert } = createCertificate();
    const server = createServer({ key, cert }, () => {}).listen(0, '127.0.0.1');
    const folder = mkdtempSync(join(tmpdir(), 'golden-signals-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
      server.closeAllConnections();
      server.close();
    });
    const file = join(folder, 'ca.pem');
    writeFileSync(file, cert);
    await once(server, 'listening');
    const { child, ended } = start('ends.cjs', [], {
      ...patient,
      OTEL_EXPORTER_OTLP_ENDPOINT: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      OTEL_EXPORTER_OTLP_CERTIFICATE: file,
    });
    const urls = new Set<string | undefined>();
    while (!urls.has('/v1/traces')) urls.add((await once(server, 'request'))[0].url);
    child.send('go');
    const { code, stderr } = await ended;
    expect(code).toBe(0);
    // An export of metrics has 50 ms, which may be too little.
    expect(stderr).toMatch(
      /^(?:golden-signals warn: telemetry cannot be exported [^\n]*no answer[^\n]*\n)?$/,
    );
  });

  test('lives as long as it waits for a flush', async () => {
    const receiver = await startReceiver();
    const { ended } = start('ends.cjs', ['flush'], { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    expect(await ended).toEqual({ code: 0, stdout: 'flushed\n', stderr: '' });
    expect(receiver.spans().map(({ kind }) => kind)).toContain('SERVER');
  });

  test('may wait for it at the top level of a module', async () => {
    const receiver = await startReceiver();
    const { ended } = start('flush.mjs', [], { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    expect(await ended).toEqual({ code: 0, stdout: 'flushed\n', stderr: '' });
    expect(receiver.spans()).toMatchObject([{ name: 'work' }]);
  });
});

describe('memory', () => {
  test('stays flat over 50,000 requests while the collector hangs', { timeout: 120_000 }, async () => {
    const receiver = await startReceiver();
    await receiver.behave('hang');
    const started = start(
      'memory.cjs',
      [],
      { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_METRIC_EXPORT_INTERVAL: '500' },
      ['--expose-gc'],
    );
    const { early, late } = await messageOf<{ early: number; late: number }>(started);
    expect(late / early).toBeLessThan(1.25);
    expect((await started.ended).code).toBe(0);
    expect(receiver.requests.length).toBeGreaterThan(0);
  });
});
