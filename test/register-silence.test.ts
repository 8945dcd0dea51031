import { type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { build, DIST, ROOT } from './contract/support/built.js';

// NODE_OPTIONS reach every process of node: npm, nodemon, workers, and each small script besides. Only what listens is a service.

const register = join(DIST, 'register.js');
const byImport = `--import ${pathToFileURL(register).href}`;
const byRequire = `--require ${register}`;

let folder: string;

beforeAll(() => {
  build();
  folder = mkdtempSync(join(tmpdir(), 'golden-signals-register-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(ROOT, 'node_modules/nodemon'), join(folder, 'node_modules/nodemon'), 'junction');
  write(
    'package.json',
    JSON.stringify({
      name: 'orders',
      version: '1.0.0',
      scripts: { start: 'node server.cjs', job: 'node job.cjs' },
    }),
  );
  write(
    'job.cjs',
    `const state = () => ({
       signals: ['SIGTERM', 'SIGINT', 'uncaughtExceptionMonitor'].map((name) => process.listenerCount(name)),
       resources: process.getActiveResourcesInfo().filter((name) => !/TTY|Pipe/.test(name)),
       emit: Object.hasOwn(require('node:http').Server.prototype, 'emit'),
       api: Object.getOwnPropertySymbols(globalThis).map(String).filter((name) => /opentelemetry|golden/.test(name)),
     });
     fetch(process.env.UPSTREAM).then(async (response) => {
       console.log(JSON.stringify({ ...state(), headers: Object.keys(await response.json()) }));
       process.exitCode = 3;
     });`,
  );
  write(
    'server.cjs',
    `const server = require('node:http').createServer((req, res) => res.end('ok'));
     server.listen(0, '127.0.0.1', () => console.log('port ' + server.address().port));`,
  );
  write(
    'primary.cjs',
    `const { fork } = require('node:child_process'); const { Worker } = require('node:worker_threads');
     if (process.argv[2] !== 'child') {
       new Worker('1', { eval: true }).on('exit', () => fork(__filename, ['child']).on('exit', (code) => process.exit(code)));
     } else { console.log('child'); process.exitCode = 4; }`,
  );
  write(
    'net.cjs',
    `const server = require('node:net').createServer().listen(0, () => server.close(() => console.log('closed')));`,
  );
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

/** Answers with the headers of a call, and counts connections: the collector of a process that should have nothing to say. */
async function listener() {
  let connections = 0;
  const server = http.createServer((req, res) => {
    // Answered per request.
    res.end(JSON.stringify(req.headers));
  });
  server.on('connection', () => {
    connections += 1;
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, connections: () => connections };
}

async function run(
  command: string,
  args: readonly string[],
  nodeOptions: string,
  env: Record<string, string> = {},
) {
  const [collector, upstream] = [await listener(), await listener()];
  const options: SpawnOptions = {
    cwd: folder,
    env: {
      PATH: [join(process.execPath, '..'), process.env.PATH].join(delimiter),
      HOME: folder,
      NODE_OPTIONS: nodeOptions,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      UPSTREAM: upstream.url,
      npm_config_update_notifier: 'false',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  };
  const child = spawn(command, args, options);
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
      child.emit('said');
    });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...said }));
  return { child, said, ended, exports: () => collector.connections() };
}

describe.each([
  ['--import', byImport],
  ['--require', byRequire],
])('NODE_OPTIONS with %s golden-signals/register', (_flag, options) => {
  test.each([
    ['a script that calls others', process.execPath, ['job.cjs']],
    ['a script that npm runs', 'npm', ['run', '--silent', 'job']],
    ['a process that forks and has threads', process.execPath, ['primary.cjs']],
    ['a server that takes no requests', process.execPath, ['net.cjs']],
  ])('changes nothing of %s', async (_name, command, args) => {
    const bare = await run(command, args, '');
    const expected = await bare.ended;
    const watched = await run(command, args, options);
    expect(await watched.ended).toEqual(expected);
    expect(expected.stderr).toBe('');
    expect(watched.exports()).toBe(0);
  });
});

test('nodemon gets no service of its own, the server that it starts is one', async () => {
  const watched = await run(
    process.execPath,
    ['node_modules/nodemon/bin/nodemon.js', '--quiet', 'server.cjs'],
    byImport,
  );
  while (!watched.said.stdout.includes('port ')) await once(watched.child, 'said');
  const port = /port (\d+)/.exec(watched.said.stdout)?.[1];
  await (await fetch(`http://127.0.0.1:${port}`)).text();
  const health = await fetch(`http://127.0.0.1:${port}/health`);
  expect(health.status).toBe(200);
  watched.child.kill('SIGTERM');
  const { stderr } = await watched.ended;
  expect(watched.exports()).toBeGreaterThan(0);
  expect(stderr).not.toContain('nodemon');
});
