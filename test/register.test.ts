import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
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
  const child = spawn(process.execPath, [...flags, join(folder, app)], {
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      OTEL_SERVICE_NAME: service,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_BSP_SCHEDULE_DELAY: '20',
      OTEL_METRIC_EXPORT_INTERVAL: '50',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [port] = await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => {
      throw new Error(`${app} ended: ${stderr}`);
    }),
  ]);
  return { address: { port: Number(port), scheme: 'http', protocol: '1.1' } as const, stderr: () => stderr };
}

describe.each([
  ['--import', pathToFileURL(register).href],
  ['--require', register],
])('node %s golden-signals/register', (flag, module) => {
  test.concurrent.each(apps)(
    'traces and measures an application whose code is not touched: %s',
    async (app) => {
      const service = `${flag} ${app}`;
      const { address, stderr } = await run(service, [flag, module], app);
      const template = /^http\./.test(app) ? undefined : '/tenants/:tenant/orders/:id';

      const answers = [];
      for (const id of ['7', '8']) answers.push(await send(address, { path: `/tenants/acme/orders/${id}` }));

      expect(answers.map(({ status, body }) => [status, JSON.parse(body)])).toEqual([
        [200, { id: '7' }],
        [200, { id: '8' }],
      ]);
      const isOurs = (item: { resource: Record<string, unknown> }) =>
        item.resource['service.name'] === service;
      await receiver.waitForSpans(
        (span) => isOurs(span) && span.attributes['url.path'] === '/tenants/acme/orders/8',
      );
      const spans = receiver.spans().filter(isOurs);
      expect(spans.map(({ name, kind }) => [kind, name])).toEqual(
        Array(2).fill(['SERVER', template === undefined ? 'GET' : `GET ${template}`]),
      );
      const points = await receiver.waitForMetrics(
        (point) => isOurs(point) && point.name === 'http.server.request.duration' && point.count === 2,
      );
      expect(points[0]?.attributes['http.route']).toBe(template);
      expect(stderr()).toBe('');
    },
  );
});

test('an exception of a handler goes to the process, as without us', async () => {
  const { address, stderr } = await run('throws', ['--require', register], 'throws.cjs');

  const answer = await send(address, { path: '/thrown' });

  expect(answer).toMatchObject({ status: 500, body: '{"id":"thrown"}' });
  const spans = await receiver.waitForSpans(({ resource }) => resource['service.name'] === 'throws');
  expect(spans).toMatchObject([
    {
      status: { code: 'ERROR' },
      attributes: { 'error.type': 'RangeError', 'http.response.status_code': 500 },
    },
  ]);
  expect(stderr()).toBe('');
});
