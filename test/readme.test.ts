import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { resolveBreaker } from '../src/breaker/options.js';
import { createBreakers } from '../src/client/breakers.js';
import { createEnvironment } from '../src/core/environment.js';
import { createFaults } from '../src/core/faults.js';
import { ERROR_CODES, isGoldenSignalsError } from '../src/errors.js';
import { resolveOtlp } from '../src/export/otlp-config.js';
import { CLIENT_DURATION } from '../src/metrics/client-red.js';
import { createDropped } from '../src/metrics/dropped.js';
import { resolveMetrics } from '../src/metrics/options.js';
import { createServerRed } from '../src/metrics/server-red.js';
import { type Options, resolveOptions } from '../src/service/options.js';
import { createFakeClock } from './support/fake-clock.js';
import { fencedBlocks } from './support/fenced-blocks.js';
import { startOtlpReceiver } from './support/otlp-receiver.js';
import { createProgramFolder, type ProgramFolder } from './support/program-folder.js';

const ROOT = join(__dirname, '..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const pagePath = (name: string) => join(ROOT, 'docs', `${name}.md`);
const hasPage = (name: string) => existsSync(pagePath(name));
const page = (name: string) => readFileSync(pagePath(name), 'utf8');
const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly engines: { readonly node: string };
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
};

/** The cells of the table under a header, without the marks of code around a whole cell. */
function tableAfter(header: string, text = README): string[][] {
  const start = text.indexOf(`\n${header}`);
  if (start < 0) throw new Error(`there is no table with the header ${header}`);
  const rows = text.slice(start + 1).split('\n');
  const end = rows.findIndex((row) => !row.startsWith('|'));
  return rows.slice(2, end).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replace(/^`([^`]*)`$/, '$1')),
  );
}

function blocksOf(language: string): string[] {
  return fencedBlocks(README)
    .filter((block) => block.language === language)
    .map(({ code }) => code);
}

const resolve = (options: object) => resolveOptions(options as Options, {}, () => {});

/** What the code accepts: the names in its answer to one that it cannot know. */
function namesAccepted(parent?: string): string[] {
  const unknown = { qqqqqqqqqqqqqqqqqqqq: 1 };
  try {
    resolve(parent === undefined ? unknown : { [parent]: unknown });
  } catch (error) {
    const known = isGoldenSignalsError(error) ? /known are (.*)$/.exec(error.message)?.[1] : undefined;
    if (known !== undefined) {
      return known.split(', ').map((name) => (parent === undefined ? name : `${parent}.${name}`));
    }
  }
  return [];
}

describe('the tables of README and of the pages in docs/', () => {
  test('list every option that is accepted, and no other; a section with a page in docs/ lists its own there', () => {
    const top = namesAccepted();
    expect(top).toContain('traces');
    const here = top.flatMap((name) => (hasPage(name) ? [name] : [name, ...namesAccepted(name)]));
    const listed = tableAfter('| Option ').map(([name]) => name);
    expect(listed.filter((name) => name !== 'breaker.upstreams')).toEqual(here);
    for (const name of top.filter(hasPage)) {
      const there = tableAfter('| Option ', page(name)).map(([option]) => `${name}.${option}`);
      expect(there).toEqual(namesAccepted(name));
    }
  });

  test('list the options of single upstreams, which no message tells of', () => {
    expect(tableAfter('| Option ').map(([name]) => name)).toContain('breaker.upstreams');
    expect(() => resolve({ breaker: { upstreams: { 'payment:8080': false } } })).not.toThrow();
  });

  test('give the defaults that breakers have', () => {
    const defaults = new Map(tableAfter('| Option ', page('breaker')).map(([name, value]) => [name, value]));
    const numbers = Object.entries(resolveBreaker()).filter(([, value]) => typeof value === 'number');
    expect(numbers).not.toEqual([]);
    for (const [name, value] of numbers) expect(defaults.get(name), name).toBe(String(value));
    expect(defaults.get('mode')).toBe(`'${resolveBreaker().mode}'`);
    const { retry } = resolveBreaker({ retry: {} });
    expect(page('breaker')).toContain(`{ attempts: ${retry?.attempts}, budgetRatio: ${retry?.budgetRatio} }`);
  });

  test('give the defaults that the code has', () => {
    const defaults = new Map(tableAfter('| Option ').map(([name, value]) => [name, value]));
    const { config } = resolve({});
    expect(defaults.get('traces.sampleRatio')).toBe(String(config.traces?.sampleRatio));
    expect(defaults.get('traces.edge')).toBe(`'${config.traces?.edge}'`);
    const metrics = resolveMetrics(
      {},
      createEnvironment({}, () => {}),
    );
    expect(defaults.get('metrics.intervalMs')).toBe(String(metrics.intervalMs));
    expect(JSON.parse(defaults.get('metrics.boundaries') ?? '')).toEqual(metrics.boundaries);
  });

  test('list every environment variable that is read, and no other', () => {
    const read = new Set<string>();
    // What can be set for one signal is listed once.
    const variables = new Proxy(
      {},
      {
        get: (_, name) =>
          void read.add(
            String(name).replace(/^(OTEL_EXPORTER_OTLP)_(TRACES|METRICS|LOGS)(?!_TEMPORALITY)/, '$1'),
          ),
      },
    );
    resolveOptions({}, variables, () => {});
    const env = createEnvironment(variables, () => {});
    for (const signal of ['traces', 'metrics', 'logs'] as const)
      resolveOtlp(signal, 'http/json', env, () => {});
    const listed = tableAfter('| Variable ', page('environment')).flatMap(
      ([names]) => (names ?? '').match(/\b(?:[A-Z]+_[A-Z_]+|pm_exec_path|npm_lifecycle_[a-z]+)\b/g) ?? [],
    );
    const example = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';
    expect(listed.filter((name) => name !== example).sort()).toEqual([...read].sort());
  });

  test('list every error code with its meaning', () => {
    expect(tableAfter('| Code ', page('errors'))).toEqual(Object.entries(ERROR_CODES));
  });

  test('list every metric with its kind and unit', () => {
    const ignore = () => {};
    const log = { warn: ignore, info: ignore, warnOnce: ignore };
    const breakers = createBreakers({
      configOf: undefined,
      clock: createFakeClock(),
      faults: createFaults(log),
      log,
      isStalled: () => false,
      onTransition: ignore,
    });
    const instruments = [
      ...createServerRed([1], 10, ignore).instruments,
      { ...CLIENT_DURATION, kind: 'histogram' },
      ...breakers.instruments,
      createDropped().instrument,
    ];
    expect(tableAfter('| Metric ', page('telemetry')).map(([name, kind]) => [name, kind])).toEqual(
      instruments.map(({ name, kind, unit }) => [
        name,
        `${kind === 'updowncounter' ? 'up-down counter' : kind}, ${unit}`,
      ]),
    );
  });
});

describe('README', () => {
  test('says what it costs by figures that were measured', () => {
    const results = ['RESULTS.md', 'database/README.md'].map((file) =>
      readFileSync(join(ROOT, 'bench', file), 'utf8'),
    );
    const measured = new Set(results.join('\n').match(/\d+\.\d+/g));
    const figures = tableAfter('| | golden-signals | official packages').flatMap((row) =>
      row.slice(0, 3).flatMap((cell) => cell.match(/\d+\.\d+/g) ?? []),
    );
    expect(figures.length).toBeGreaterThan(8);
    expect(figures.filter((figure) => !measured.has(figure))).toEqual([]);
  });

  test('has at most 250 lines', () => {
    expect(README.split('\n').length).toBeLessThanOrEqual(251);
  });

  test('names the versions of Node and of the OpenTelemetry API that package.json asks for', () => {
    expect(README).toContain(`Node \`${MANIFEST.engines.node}\``);
    expect(README).toContain(
      `\`@opentelemetry/api\`, \`${MANIFEST.peerDependencies['@opentelemetry/api']}\``,
    );
  });

  test('does the whole set-up with two commands, each of them a script', () => {
    expect(blocksOf('bash')).toEqual(
      expect.arrayContaining(['npm ci && npm run demo\n', 'npm ci && npm test\n']),
    );
    expect(MANIFEST.scripts).toMatchObject({
      demo: 'node examples/shop/demo.mjs',
      test: 'npm run --silent build && vitest run --project models --project once --project process',
    });
  });

  test('links only to files that are there', () => {
    const links = [...README.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path as string);
    expect(links).not.toEqual([]);
    expect(links.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

// Loaded before a program: tells this process which port it got. The programs say 3000, which may be taken here.
const preload = `
const net = require('node:net');
const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (first, ...rest) {
  this.once('listening', () => process.send({ port: this.address().port }));
  return listen.call(this, first === 3000 ? 0 : { ...first, port: 0 }, ...rest);
};
`;

describe('a program of README', () => {
  let folder: ProgramFolder;
  const programs = blocksOf('js').map((code) => ({
    code,
    format: code.includes('require(') ? 'CommonJS' : 'ES module',
    package: /from '(?!golden)([^']+)'|require\('(?!golden)([^']+)'\)/.exec(code)?.slice(1).find(Boolean),
  }));

  beforeAll(async () => {
    const manifest = { name: 'readme', version: '1.2.3' };
    folder = await createProgramFolder('readme', ['express', 'fastify'], manifest);
    await folder.write('preload.cjs', preload);
  });
  afterAll(() => folder.remove());

  test('is there for both kinds of module', () => {
    expect(programs.map(({ format, package: name }) => `${format}, ${name}`)).toEqual([
      'ES module, express',
      'CommonJS, fastify',
      'ES module, node:http',
    ]);
  });

  async function start(
    args: readonly string[],
    otlpUrl: string,
  ): Promise<{ url: string; child: ChildProcess }> {
    const child = folder.start(['--require', './preload.cjs', ...args], {
      OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl,
      OTEL_BSP_SCHEDULE_DELAY: '10',
      OTEL_METRIC_EXPORT_INTERVAL: '50',
    });
    child.stdout?.resume();
    child.stderr?.pipe(process.stderr);
    onTestFinished(() => void child.kill('SIGKILL'));
    const [{ port }] = (await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => Promise.reject(new Error(`ended with exit code ${code}`))),
    ])) as [{ port: number }];
    return { url: `http://127.0.0.1:${port}`, child };
  }

  async function collector() {
    const receiver = await startOtlpReceiver();
    onTestFinished(() => receiver.close());
    return receiver;
  }

  test.each(programs.slice(0, 2))(
    'gives the telemetry of its requests ($format, $package)',
    async ({ code, format }) => {
      const file = `${format.replace(' ', '-')}.${format === 'CommonJS' ? 'cjs' : 'mjs'}`;
      await folder.write(file, code);
      const receiver = await collector();
      const { url } = await start([file], receiver.url);
      expect(await (await fetch(`${url}/orders/7`)).json()).toEqual({ id: '7' });
      const resource = { 'service.name': 'readme', 'service.version': '1.2.3' };
      const [span] = await receiver.waitForSpans(1);
      expect(span).toMatchObject({ name: 'GET /orders/:id', kind: 'SERVER', resource });
      const [point] = await receiver.waitForMetrics(({ name }) => name === 'http.server.request.duration');
      expect(point).toMatchObject({ count: 1, attributes: { 'http.route': '/orders/:id' }, resource });
    },
  );

  test('adds spans and metrics of its own, leaves out what it ignores, and sends all of it before it ends', async () => {
    await folder.write('carts.mjs', programs[2]?.code ?? '');
    const receiver = await collector();
    const { url, child } = await start(['carts.mjs'], receiver.url);
    expect(await (await fetch(`${url}/ready`)).text()).toBe('2 items');
    expect(await (await fetch(`${url}/carts`)).text()).toBe('2 items');
    const ended = once(child, 'exit');
    child.disconnect();
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);

    const server = receiver.spans().filter(({ kind }) => kind === 'SERVER');
    expect(server).toMatchObject([{ name: 'GET', attributes: { 'url.path': '/carts' } }]);
    expect(receiver.spans()).toContainEqual(
      expect.objectContaining({ name: 'load cart', parentSpanId: server[0]?.spanId }),
    );
    const counter = receiver.metrics().filter(({ name }) => name === 'shop.carts.loaded');
    expect(counter.at(-1)).toMatchObject({ value: 2, resource: { 'service.name': 'carts' } });
  });

  test('is not needed where --import golden-signals/register does it', async () => {
    await folder.write(
      'server.js',
      `require('node:http').createServer((req, res) => res.end('ok')).listen(3000);`,
    );
    const command = /node (--import golden-signals\/register server\.js)/.exec(README)?.[1] ?? '';
    const receiver = await collector();
    const { url } = await start(command.split(' '), receiver.url);
    await (await fetch(url)).text();
    expect(await receiver.waitForSpans(1)).toMatchObject([{ name: 'GET', kind: 'SERVER' }]);
  });
});
