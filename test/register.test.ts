import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { build, DIST } from './contract/support/built.js';
import { send } from './contract/support/client.js';
import { type OtlpReceiver, startOtlpReceiver } from './support/otlp-receiver.js';

const folder = join(__dirname, 'contract', 'untouched');
const register = join(DIST, 'register.js');

let receiver: OtlpReceiver;

beforeAll(async () => {
  build();
  receiver = await startOtlpReceiver();
}, 120_000);

afterAll(() => receiver.close());

const apps = readdirSync(folder).filter((file) => !file.startsWith('throws'));

async function run(service: string, flags: readonly string[], app: string) {
  const stop = ['--require', join(__dirname, 'contract', 'support', 'stop.cjs')];
  const child = spawn(process.execPath, [...flags, ...stop, join(folder, app)], {
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      OTEL_SERVICE_NAME: service,
      // Exported once, at the end.
      OTEL_METRIC_EXPORT_INTERVAL: '60000',
      OTEL_LOG_LEVEL: 'warn',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stderr = '';
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const exited = once(child, 'exit');
  const [port] = await Promise.race([
    once(child.stdout as Readable, 'data'),
    exited.then(() => {
      throw new Error(`${app} ended: ${stderr}`);
    }),
  ]);
  return {
    address: { port: Number(port), scheme: 'http', protocol: '1.1' } as const,
    async stopped() {
      child.send(join(DIST, 'index.js'));
      const [code] = await exited;
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const isIts = ({ resource }: { resource: Record<string, unknown> }) =>
        resource['service.name'] === service;
      return { spans: receiver.spans().filter(isIts), points: receiver.metrics().filter(isIts) };
    },
  };
}

const byImport = ['--import', pathToFileURL(register).href];
const byRequire = ['--require', register];

describe('node with golden-signals/register', () => {
  test.each([
    ...apps.map((app) => [...byImport, app]),
    ...['express.cjs', 'express.mjs', 'fastify.cjs', 'http.mjs'].map((app) => [...byRequire, app]),
  ] as [string, string, string][])(
    '%s %s traces and measures an untouched application: %s',
    async (flag, module, app) => {
      const { address, stopped } = await run(`${flag} ${app}`, [flag, module], app);

      const answers = [];
      for (const id of ['7', '8']) answers.push(await send(address, { path: `/tenants/acme/orders/${id}` }));
      const { spans, points } = await stopped();

      expect(answers.map(({ status, body }) => [status, JSON.parse(body)])).toEqual([
        [200, { id: '7' }],
        [200, { id: '8' }],
      ]);
      const template = app.startsWith('http.') ? undefined : '/tenants/:tenant/orders/:id';
      expect(spans.map(({ name, kind }) => [kind, name])).toEqual(
        Array(2).fill(['SERVER', template === undefined ? 'GET' : `GET ${template}`]),
      );
      const durations = points.filter(({ name }) => name === 'http.server.request.duration');
      expect(durations.at(-1)).toMatchObject({ count: 2 });
      expect(durations.at(-1)?.attributes['http.route']).toBe(template);
    },
  );

  test('leaves an exception of a handler to the process', async () => {
    const { address, stopped } = await run('throws', byRequire, 'throws.cjs');

    const answer = await send(address, { path: '/thrown' });

    expect(answer).toMatchObject({ status: 500, body: '{"id":"thrown"}' });
    expect((await stopped()).spans).toMatchObject([
      {
        status: { code: 'ERROR' },
        attributes: { 'error.type': 'RangeError', 'http.response.status_code': 500 },
      },
    ]);
  });
});
