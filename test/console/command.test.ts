import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { typed } from '../cli/support/terminal.js';
import { build, DIST } from '../contract/support/built.js';
import { consoleFor } from './support/console.js';
import { logsRequest, spansRequest } from './support/spans.js';

const main = join(DIST, 'cli/main.js');
beforeAll(build);

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'console-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

function ran(args: readonly string[], cwd?: string): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { cwd, timeout: 60_000 }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

/** A program that sends one span of so many milliseconds, and ends with a code. */
async function sender(ms: number, code = 0): Promise<string> {
  const file = join(await folder(), 'sender.cjs');
  const request = JSON.stringify(
    spansRequest('order', [{ id: 'a', start: Date.now(), ms, kind: 2, name: 'GET /' }]),
  );
  await writeFile(
    file,
    `fetch(process.env.OTEL_EXPORTER_OTLP_ENDPOINT + '/v1/traces', { method: 'POST', headers: { 'content-type': 'application/json' }, body: ${JSON.stringify(request)} })
      .then((response) => response.text()).then(() => { console.log(process.env.OTEL_METRIC_EXPORT_INTERVAL); process.exitCode = ${code}; });`,
  );
  return file;
}

describe('golden-signals console -- command', () => {
  test('runs a command with the environment, and ends with its code', async () => {
    const { code, out } = await ran(['console', '--', process.execPath, await sender(5, 7)]);
    expect({ code, out }).toEqual({ code: 7, out: '1000\n' });
  });

  test('a command that is not there', async () => {
    const { code, err } = await ran(['console', '--', 'no-such-program-anywhere']);
    expect(code).toBe(127);
    expect(err).toContain('no-such-program-anywhere cannot be run');
  });

  test('options of the command are its own', async () => {
    const { code, out } = await ran(['console', '--', process.execPath, '--port', '--version']);
    expect(out).not.toContain('golden-signals');
    expect(code).toBe(9);
  });
});

describe('golden-signals console assert', () => {
  test('holds', async () => {
    const { code, out } = await ran([
      ...[
        'console',
        'assert',
        '--service',
        'order',
        '--p99',
        '300ms',
        '--errors',
        '1%',
        '--no-orphans',
        '--alert-free',
      ],
      ...['--', process.execPath, await sender(5)],
    ]);
    expect(out).toMatch(/ok {4}order p99 {3}/);
    expect(code).toBe(0);
  });

  test('does not hold: says where to look, and leaves a file that opens elsewhere', async () => {
    const cwd = await folder();
    const { code, out } = await ran(
      [
        'console',
        'assert',
        '--p99',
        '300ms',
        '--export',
        'run.ndjson',
        '--',
        process.execPath,
        await sender(500),
      ],
      cwd,
    );
    expect(code).toBe(1);
    expect(out).toMatch(/FAIL {2}order p99 {2}.*\n {6}→ trace [0-9a-f]{32}: 100 % in order «GET \/»/);
    const { endpoint, ask } = await consoleFor();
    const imported = await typed(['console', 'import', 'run.ndjson', '--url', endpoint], { cwd });
    expect(imported).toMatchObject({ code: 0, out: '1 requests sent\n' });
    expect(await ask('/api/status')).toMatchObject({ spans: 1 });
  });

  test('a command that fails is a failure, whatever holds', async () => {
    const { code } = await ran([
      'console',
      'assert',
      '--errors',
      '1%',
      '--',
      process.execPath,
      await sender(5, 3),
    ]);
    expect(code).toBe(3);
  });

  test('nothing came in', async () => {
    const { endpoint } = await consoleFor();
    const { code, out } = await typed(['console', 'assert', '--errors', '1%', '--url', endpoint]);
    expect(code).toBe(1);
    expect(out).toContain('no requests');
  });

  test('orphans, as JSON', async () => {
    const { endpoint, send } = await consoleFor();
    await send('traces', spansRequest('a', [{ id: 'x', parent: 'gone', start: Date.now(), ms: 1, kind: 2 }]));
    const { code, out } = await typed(['console', 'assert', '--no-orphans', '--json', '--url', endpoint]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ isMet: false, checks: [{ what: 'orphans', isMet: false }] });
  });

  test.each([
    [['assert'], 'assert takes what is to hold'],
    [['assert', '--errors', '150%'], '--errors takes a share'],
    [['--memory', '1MiB'], '--memory has to be at least 16MiB'],
    [['--memory', 'much'], '--memory takes a size'],
    [['--port', '70000'], '--port takes a number'],
    [['--webhook', 'here'], '--webhook takes an http'],
    [['--'], 'there has to be a command'],
    [['npm', 'test'], 'a command stands behind --'],
    [['import'], 'import takes the file'],
  ])('is not understood: %j', async (words, message) => {
    const { code, err } = await typed(['console', ...words]);
    expect(err).toContain(message);
    expect(code).toBe(2);
  });

  test('no console answers', async () => {
    const { code, err } = await typed(['console', 'export', '--url', 'http://127.0.0.1:9']);
    expect(code).toBe(1);
    expect(err).toContain('start one with golden-signals console');
  });
});

test('export and import carry spans and lines, those of no trace too', async () => {
  const first = await consoleFor();
  await first.send('traces', spansRequest('a', [{ id: 'x', start: Date.now(), ms: 1 }]));
  await first.send(
    'logs',
    logsRequest('a', [
      { time: Date.now(), body: 'by itself' },
      { time: Date.now(), body: 'of it', trace: 't' },
    ]),
  );
  const { out } = await typed(['console', 'export', '--url', first.endpoint]);
  const cwd = await folder();
  await writeFile(join(cwd, 'run.ndjson'), out);
  const second = await consoleFor();
  await typed(['console', 'import', 'run.ndjson', '--url', second.endpoint], { cwd });
  expect(await second.ask('/api/status')).toMatchObject({ spans: 1, logs: 2 });
});

test('it starts, says where, and ends by a signal', async () => {
  const child = spawn(process.execPath, [main, 'console', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [chunk] = await once(child.stdout, 'data');
  const endpoint = /OTEL_EXPORTER_OTLP_ENDPOINT=(http:\/\/localhost:\d+)/.exec(String(chunk))?.[1];
  expect((await fetch(`${endpoint}/api/status`)).status).toBe(200);
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
});

test('a service loads nothing of the console', async () => {
  const script = `
    const { instrument } = require(${JSON.stringify(join(DIST, 'index.js'))});
    const signals = instrument(require('node:http').createServer());
    const loaded = Object.keys(require.cache).filter((file) => file.includes('golden-signals') || file.includes('dist'));
    console.log(JSON.stringify(loaded));
    signals.shutdown();`;
  const { stdout } = await new Promise<{ stdout: string }>((resolve, reject) =>
    execFile(
      process.execPath,
      ['-e', script],
      { env: { ...process.env, OTEL_SDK_DISABLED: 'true' } },
      (error, out) => (error === null ? resolve({ stdout: out }) : reject(error)),
    ),
  );
  const loaded = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as string[];
  expect(loaded.length).toBeGreaterThan(1);
  for (const file of loaded) {
    const text = await readFile(file, 'utf8');
    expect(text.includes('class SpanReader') || text.includes('class AlertEngine'), file).toBe(false);
  }
});

describe('golden-signals console --rules', () => {
  const rule = {
    alert: 'TooManyOrders',
    expr: 'sum(rate({__name__="http_server_request_duration_seconds_count"}[1m])) > bool 0',
    for: '0s',
    annotations: { summary: 'orders at {{ $value }}' },
  };
  const written = async (...rules: readonly object[]) => {
    const file = join(await folder(), 'rules.json');
    await writeFile(file, JSON.stringify({ groups: [{ name: 'own', interval: '5s', rules }] }));
    return file;
  };

  test('evaluates rules of the user’s beside ours', async () => {
    const probe = `fetch(process.env.OTEL_EXPORTER_OTLP_ENDPOINT + '/api/rules').then((answer) => answer.text()).then(console.log)`;
    const args = ['console', '--rules', await written(rule), '--', process.execPath, '-e', probe];
    const { code, out } = await ran(args);
    expect(code).toBe(0);
    expect(out).toContain('TooManyOrders');
    expect(out).toContain('HighLatencyP99');
  });

  test.each([
    ['an expression', { ...rule, expr: 'sum(' }, /rules\.json: .*TooManyOrders/s],
    ['a name', { ...rule, alert: 7 }, /rules\.json: groups\[0\]\.rules\[0\]\.alert/],
    ['a template', { ...rule, annotations: { summary: '{{ $value' } }, /rules\.json: .*TooManyOrders/s],
  ])('says where %s cannot be read', async (_what, broken, message) => {
    const { code, err } = await ran(['console', '--port', '0', '--rules', await written(broken)]);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });

  test('says that a file is not there', async () => {
    const { code, err } = await ran(['console', '--port', '0', '--rules', 'nowhere.json']);
    expect(err).toContain('--rules nowhere.json: ENOENT');
    expect(code).toBe(2);
  });
});
