import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { createEnvironment } from '../src/core/environment.js';
import { resolveOtlp } from '../src/export/otlp-config.js';
import { type Options, resolveOptions } from '../src/service/options.js';
import { AROUND, type DocsProgram, PROGRAMS } from './support/docs-programs.js';
import { fencedBlocks } from './support/fenced-blocks.js';
import { startOtlpReceiver } from './support/otlp-receiver.js';
import { type Postgres, startPostgres } from './support/postgres.js';
import { createProgramFolder, type Ended, ended, type ProgramFolder } from './support/program-folder.js';

const FOLDER = join(__dirname, '../docs');
const PAGES = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.md'))
  .map((file) => ({ name: file.slice(0, -3), text: readFileSync(join(FOLDER, file), 'utf8') }));

/** Every fenced block of docs/ by document, language and number, as in `logs js 2`. */
const BLOCKS = new Map<string, string>(
  PAGES.flatMap(({ name, text }) => {
    const counts = new Map<string, number>();
    return fencedBlocks(text).map(({ language, code }) => {
      const number = (counts.get(language) ?? 0) + 1;
      counts.set(language, number);
      return [`${name} ${language} ${number}`, code] as const;
    });
  }),
);

const taken = new Set<string>();

/** A block for a test, to be asked for before the tests run: the last of them finds the blocks that none has taken. */
function block(key: string): string {
  const code = BLOCKS.get(key);
  if (code === undefined)
    throw new Error(`docs/ has no block ${key}; it has ${[...BLOCKS.keys()].join(', ')}`);
  taken.add(key);
  return code;
}

let folder: ProgramFolder;
let postgres: Postgres;

beforeAll(async () => {
  const packages = [
    '@opentelemetry/api',
    'express',
    'fastify',
    'pg',
    'pino',
    'supertest',
    'vitest',
    'winston',
  ];
  const manifest = {
    name: 'docs',
    version: '1.2.3',
    dependencies: { 'golden-signals': '*', '@opentelemetry/api': '*', express: '*' },
  };
  [folder, postgres] = await Promise.all([createProgramFolder('docs', packages, manifest), startPostgres()]);
  await folder.write('around.mjs', AROUND);
});
afterAll(() => Promise.all([folder?.remove(), postgres?.stop()]));

async function collector() {
  const receiver = await startOtlpReceiver();
  onTestFinished(() => receiver.close());
  return receiver;
}

interface Program extends DocsProgram {
  readonly key: string;
  readonly code: string;
}

describe('a program of docs/', { timeout: 240_000 }, () => {
  /** Runs a block with what stands around it, until SIGTERM has ended it as it ends a service. */
  async function run({ key, code, before, after, replace, warns, check }: Program): Promise<Ended> {
    if (replace !== undefined) expect(code).toContain(replace[0]);
    const runnable = replace === undefined ? code : code.replaceAll(...replace);
    const file = `${key.replaceAll(' ', '-')}.mjs`;
    await folder.write(file, `${before}\n${runnable}\n${after}\nprocess.kill(process.pid, 'SIGTERM');\n`);
    const receiver = await collector();
    const { username, hostname, port, pathname } = new URL(postgres.url);
    const end = await ended(
      folder.start([file], {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_LOG_LEVEL: 'warn',
        PGHOST: hostname,
        PGPORT: port,
        PGUSER: username,
        PGDATABASE: pathname.slice(1),
      }),
    );
    expect(end).toMatchObject({ exit: 0, stderr: warns === undefined ? '' : expect.stringMatching(warns) });
    check?.(end.stdout.trim().split('\n'), receiver);
    return end;
  }

  const programs = Object.entries(PROGRAMS).map(([key, program]) => ({ ...program, key, code: block(key) }));
  const startLine = block('telemetry text 1');

  test('says at its start what the page about telemetry shows', async () => {
    await folder.write('orders/package.json', JSON.stringify({ name: 'orders', version: '1.4.0' }));
    await folder.write(
      'orders/start.cjs',
      `const app = require('express')();
      require('golden-signals').instrument(app);
      app.listen(0, () => setImmediate(() => process.exit(0)));`,
    );
    const end = await ended(
      folder.start(['orders/start.cjs'], { OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_LOG_LEVEL: '' }),
    );
    expect(end).toEqual({ exit: 0, stdout: '', stderr: startLine });
  });

  const early = `
    const { metrics, trace } = require('@opentelemetry/api');
    const express = require('express');
    const early = metrics.getMeter('shop').createCounter('shop.early');
    const tracer = trace.getTracer('shop');
    const server = express().listen(0, async () => {
      const late = metrics.getMeter('shop').createCounter('shop.late');
      early.add(1);
      late.add(1);
      tracer.startSpan('load cart').end();
      process.kill(process.pid, 'SIGTERM');
    });
  `;

  test('has a tracer before its first server listens, and a meter from then on, with golden-signals/register', async () => {
    await folder.write('early.cjs', early);
    const receiver = await collector();
    const args = ['--import', 'golden-signals/register', 'early.cjs'];
    const end = await ended(
      folder.start(args, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_LOG_LEVEL: 'warn' }),
    );
    expect(end).toEqual({ exit: 0, stdout: '', stderr: '' });
    expect(receiver.spans().map(({ name }) => name)).toEqual(['load cart']);
    const names = new Set(receiver.metrics().map(({ name }) => name));
    expect([...names].filter((name) => name.startsWith('shop.'))).toEqual(['shop.late']);
  });

  const scraped = programs.filter(({ key }) => key === 'prometheus js 1');

  test.each(programs.filter((program) => !scraped.includes(program)))(
    'does what it says: $key',
    async (program) => {
      await run(program);
    },
  );

  const example = block('prometheus text 1').trim();
  const officialNames = block('prometheus yaml 2');
  const ourNames = block('prometheus yaml 3');

  test.each(scraped)('is scraped as the page about Prometheus says', async (program) => {
    const lines = (await run(program)).stdout.split('\n');

    // Numbers and ids differ, and where the page has three dots there may be anything.
    const pattern = example
      .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
      .replaceAll('\\.\\.\\.', '.*')
      .replace(/"[0-9a-f]{32}"/, '"[0-9a-f]{32}"')
      .replace(/"[0-9a-f]{16}"/, '"[0-9a-f]{16}"')
      .replace(/le="[^"]*"/, 'le="[0-9.]+"')
      .replace(/(?<= )\d[\d\\.]*(?= |$)/g, '[0-9.]+');
    const exemplars = lines.filter((line) => line.includes(' # {'));
    expect(exemplars).toContainEqual(expect.stringMatching(new RegExp(`^${pattern}$`)));

    const names = new Set(lines.map((line) => /^\w+/.exec(line)?.[0] ?? ''));
    names.delete('');
    const toOfficial = relabelling(officialNames);
    const toOurs = relabelling(ourNames);
    const renamed = [...names].filter((name) => toOfficial(name) !== name);
    expect(renamed.sort()).toEqual(
      ['client', 'server'].flatMap((side) =>
        ['bucket', 'count', 'sum'].map((part) => `http_${side}_request_duration_seconds_${part}`),
      ),
    );
    for (const name of renamed) {
      expect(toOfficial(name)).toBe(name.replace('_seconds', ''));
      expect(toOurs(toOfficial(name))).toBe(name);
    }
    for (const name of names) expect(toOurs(name)).toBe(name);
    expect(names).toContain(toOurs('nodejs_eventloop_utilization'));
  });
});

interface Relabelling {
  readonly source_labels: readonly string[];
  readonly regex: string;
  readonly target_label: string;
  readonly replacement: string;
}

/** What Prometheus makes of the name of a metric. */
function relabelling(yaml: string): (name: string) => string {
  const { metric_relabel_configs: steps } = parse(yaml) as { metric_relabel_configs: Relabelling[] };
  for (const { source_labels, target_label } of steps)
    expect({ source_labels, target_label }).toEqual({
      source_labels: ['__name__'],
      target_label: '__name__',
    });
  return (name) =>
    steps.reduce(
      (before, { regex, replacement }) =>
        before.replace(new RegExp(`^(?:${regex})$`), replacement.replace(/\$\{(\d)\}/g, '$$$1')),
      name,
    );
}

// Each npx starts npm: three of them can take long on a busy machine.
describe('a command of docs/', { timeout: 240_000 }, () => {
  const printing = block('rules bash 1');
  const looking = block('doctor bash 1');
  const starting = block('init bash 1');
  const started = block('init text 1');

  test('shows and adds the lines that instrument a service, as the page about init has it', async () => {
    const manifest = {
      name: 'orders',
      type: 'module',
      dependencies: { 'golden-signals': '*', '@opentelemetry/api': '*', express: '*' },
    };
    const service = await createProgramFolder('docs-init', ['@opentelemetry/api', 'express'], manifest);
    onTestFinished(() => service.remove());
    await service.write(
      'server.js',
      `import express from 'express';

const app = express();
app.get('/orders/:id', (req, res) => res.json({ id: req.params.id }));
app.listen(3000);
`,
    );
    const quiet = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' };
    const [show = '', write = ''] = starting.trim().split('\n');
    const shown = await service.shell(show, quiet);
    expect(shown).toMatchObject({ exit: 1, stderr: '' });
    const written = await service.shell(write, quiet);
    expect(written).toEqual({
      exit: 0,
      stderr: '',
      stdout: `${started}\ndoctor:\n0 errors, 0 warnings\n`,
    });
  });

  test('writes rules and a dashboard', async () => {
    expect(await folder.shell(printing)).toEqual({ exit: 0, stdout: '', stderr: '' });
    const { groups } = parse(readFileSync(join(folder.path, 'golden-signals.rules.yml'), 'utf8')) as {
      groups: { name: string; rules: Record<string, unknown>[] }[];
    };
    expect(new Set(groups.map(({ name }) => name)).size).toBe(groups.length);
    const rules = groups.flatMap((group) => group.rules);
    for (const rule of rules) {
      expect(rule).toMatchObject({ expr: expect.stringMatching(/\w/) });
      expect(Number('alert' in rule) + Number('record' in rule)).toBe(1);
    }
    const page = PAGES.find(({ name }) => name === 'rules')?.text ?? '';
    const listed = [...page.matchAll(/^\| `(\w+)` \| (?:page|ticket|none)/gm)].map(([, name]) => name);
    const alerts = rules.flatMap(({ alert }) => (alert === undefined ? [] : [alert]));
    expect(new Set(alerts)).toEqual(new Set(listed));
    for (const job of ['orders', 'payments'])
      expect(rules.filter(({ expr }) => String(expr).includes(job))).not.toEqual([]);
    const dashboard = JSON.parse(readFileSync(join(folder.path, 'golden-signals.dashboard.json'), 'utf8'));
    expect(dashboard).toMatchObject({ uid: 'golden-signals', panels: expect.any(Array) });
  });

  test('looks at a folder and at a service that runs', async () => {
    await folder.write(
      'services/orders/package.json',
      readFileSync(join(folder.path, 'package.json'), 'utf8'),
    );
    await folder.write(
      'orders.mjs',
      `import express from 'express';
      import { instrument } from 'golden-signals';
      import { listen } from './around.mjs';
      const app = express();
      instrument(app, { metrics: { prometheus: {} } });
      app.get('/orders', (req, res) => res.json([]));
      process.send(await listen(app));`,
    );
    const receiver = await collector();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_LOG_LEVEL: 'warn' };
    const service = folder.start(['orders.mjs'], env);
    service.stdout?.resume();
    service.stderr?.pipe(process.stderr);
    const url = await new Promise<string>((resolve, reject) => {
      service.once('message', (message) => resolve(String(message)));
      service.once('exit', (code) => reject(new Error(`the service ended with exit code ${code}`)));
    });
    expect((await fetch(`${url}/orders`)).status).toBe(200);
    expect(looking).toContain('http://localhost:3000');
    const end = await folder.shell(looking.replaceAll('http://localhost:3000', url), env);
    expect(end).toMatchObject({ exit: 0, stderr: '' });
    expect(end.stdout.match(/^0 errors, 0 warnings/gm)).toHaveLength(3);
    service.kill('SIGKILL');
  });
});

describe('a page of docs/', () => {
  const vendors = [1, 2, 3, 4].map((number) => block(`vendors bash ${number}`));
  const tested = { code: block('testing js 1'), command: block('testing bash 1') };

  test.each(vendors)('names an endpoint and headers that this library reads: %#', async (exports) => {
    const secrets = { GRAFANA_BASE64: 'aWQ6dA==', HONEYCOMB_API_KEY: 'hc', DASH0_AUTH_TOKEN: 'auth_x' };
    const { stdout } = await folder.shell(`${exports}\nenv | grep ^OTEL_EXPORTER`, secrets);
    const variables = Object.fromEntries(
      stdout
        .trim()
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    const wrong: string[] = [];
    const env = createEnvironment(variables, (line) => wrong.push(line));
    const [traces, metrics] = (['traces', 'metrics'] as const).map((signal) =>
      resolveOtlp(signal, 'http/protobuf', env, (line) => wrong.push(line)),
    );
    expect(wrong).toEqual([]);
    const endpoint = variables.OTEL_EXPORTER_OTLP_ENDPOINT;
    expect(traces?.url.href).toBe(`${endpoint}/v1/traces`);
    expect(metrics?.url.href).toBe(`${endpoint}/v1/metrics`);
    const headers = {
      'grafana.net': { authorization: 'Basic aWQ6dA==' },
      'honeycomb.io': { 'x-honeycomb-team': 'hc' },
      'dash0.com': { authorization: 'Bearer auth_x' },
      'datadog-agent': {},
    };
    const [, expected] = Object.entries(headers).find(([host]) => traces?.url.hostname.endsWith(host)) ?? [];
    expect(traces?.headers).toEqual(expected);
    expect(metrics?.headers).toMatchObject(expected ?? {});
  });

  test('shows a test that passes, and a process that ends', { timeout: 120_000 }, async () => {
    await folder.write('example/orders.test.mjs', tested.code);
    const [, name, value, args] = /^(\w+)=(\w+) npx vitest (.*)$/m.exec(tested.command) ?? [];
    const vitest = join(__dirname, '../node_modules/vitest/vitest.mjs');
    const end = await ended(
      folder.start([vitest, ...(args ?? '').split(' '), '--root', 'example'], {
        [name ?? '']: value ?? '',
        VITEST: '',
        TEST_REPORT: '',
      }),
    );
    expect(end).toMatchObject({ exit: 0 });
    expect(end.stdout).toMatch(/1 passed/);
  });

  test.each(PAGES)('links to files and headings that are there: $name', ({ text }) => {
    const prose = text.replace(/^```[\s\S]*?^```/gm, '');
    for (const [, path = '', heading] of prose.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)) {
      const target = path === '' ? undefined : join(FOLDER, path);
      if (target !== undefined) expect(existsSync(target), path).toBe(true);
      if (heading === undefined) continue;
      const there = target === undefined ? text : readFileSync(target, 'utf8');
      expect(headingsOf(there), `${path}#${heading}`).toContain(heading);
    }
  });
});

/** As GitHub names them in links. */
function headingsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

describe('docs/', () => {
  const scraping = block('prometheus yaml 1');
  const states = block('breaker text 1');
  const drawings = [block('architecture text 1'), block('architecture text 2')];

  test('shows how Prometheus is told of a service', () => {
    const { scrape_configs: jobs } = parse(scraping) as { scrape_configs: unknown };
    expect(jobs).toEqual([
      {
        job_name: expect.stringMatching(/^\w+$/),
        static_configs: [{ targets: [expect.stringMatching(/^\w+:\d+$/)] }],
      },
    ]);
  });

  test('draws the states that a breaker has, and names options that move it', () => {
    const words = new Set(states.match(/[a-z]+(?:-[a-z]+)?[A-Za-z]*/g));
    for (const state of ['closed', 'open', 'half-open']) expect(words).toContain(state);
    const options = [...words].filter((word) => /[A-Z]/.test(word));
    expect(options).not.toEqual([]);
    const breaker = Object.fromEntries(options.map((option) => [option, 1]));
    expect(() => resolveOptions({ breaker }, {}, () => {})).not.toThrow();
  });

  test('draws the way of a request and of a call through files that are there', () => {
    for (const drawing of drawings) {
      const named = drawing.match(/\b[a-z]+(?:\/[a-z-]+)*(?:\/|\/[a-z-]+\.ts)(?=[\s,)]|$)/gm) ?? [];
      expect(named.length).toBeGreaterThan(5);
      for (const path of named) expect(existsSync(join(__dirname, '..', 'src', path)), path).toBe(true);
    }
  });

  test('has no option between the words of a text that instrument() does not take', () => {
    const inline = PAGES.flatMap(({ text }) => text.match(/(?<=`)\w+: \{[^`]*\}(?=`)/g) ?? []);
    expect(inline).toContain('management: { port: 9090 }');
    for (const option of inline) {
      const options = parse(`{ ${option} }`) as Options;
      expect(() => resolveOptions(options, {}, () => {}), option).not.toThrow();
    }
  });

  test.each(drawings)('draws with names of files that exist: %#', (drawing) => {
    const paths =
      drawing.replaceAll('<framework>', 'express').match(/(?<![\w/-])[a-z][\w-]*\/[\w./-]*/g) ?? [];
    expect(paths.length).toBeGreaterThan(3);
    for (const path of paths) expect(existsSync(join(__dirname, '../src', path)), path).toBe(true);
  });

  test('has no other block: one that no test runs, or with a language that none can run', () => {
    expect([...BLOCKS.keys()].filter((key) => !taken.has(key))).toEqual([]);
  });
});
