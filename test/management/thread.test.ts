import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import * as net from 'node:net';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createLog } from '../../src/core/log.js';
import { type HealthOptions, resolveHealth } from '../../src/health/options.js';
import { createManagement, type ManagementParts } from '../../src/management/management.js';
import { resolveManagement } from '../../src/management/options.js';
import { textAnswer } from '../../src/server/probes/own-route.js';
import { type Call, send } from '../contract/support/client.js';
import { createRunningHealth, never } from '../health/support/harness.js';
import { compile } from '../server/support/compiled.js';
import { eventually } from '../support/eventually.js';

const built = compile('management/worker.ts', 'management/management.ts', 'health/health.ts', 'core/log.ts');
const threadFile = built('management/worker.ts');

interface Given extends HealthOptions {
  readonly port?: number;
  readonly parts?: Partial<ManagementParts>;
}

async function open({ port = 0, parts, ...options }: Given = {}) {
  const running = await createRunningHealth(options);
  const lines: string[] = [];
  const answered: string[] = [];
  const management = createManagement({
    config: resolveManagement({ port, thread: true }),
    health: running.health,
    probes: resolveHealth(options),
    log: createLog('info', (line) => void lines.push(line)),
    every(ms, run) {
      const timer = setInterval(run, ms);
      return () => clearInterval(timer);
    },
    leaveAlone: () => {},
    onAnswered: (probe, status) => void answered.push(`${probe} ${status}`),
    threadFile,
    ...parts,
  });
  onTestFinished(() => management.close());
  const address = (await management.address()) as AddressInfo;
  const get = (path: string, call: Partial<Call> = {}) =>
    send({ port: address.port, scheme: 'http', protocol: '1.1' }, { path, ...call });
  return { ...running, management, lines, answered, address, get };
}

interface Seen {
  readonly path: string;
  readonly status: number;
  readonly body: string;
}

/** Asks all the time from a thread of its own, so that it goes on while this one is blocked. */
async function askAlways(port: number, paths: readonly string[], encoding = 'utf8') {
  const source = `
    const { parentPort } = require('node:worker_threads');
    const http = require('node:http');
    const ask = (path) => http.get({ port: ${port}, host: '127.0.0.1', path, agent: false }, (res) => {
      let body = '';
      res.setEncoding('${encoding}');
      res.on('data', (chunk) => { body += chunk; });
      res.on('end', () => parentPort.postMessage({ path, status: res.statusCode, body }));
    });
    setInterval(() => ${JSON.stringify(paths)}.forEach(ask), 50);
  `;
  const worker = new Worker(source, { eval: true, execArgv: [] });
  onTestFinished(async () => void (await worker.terminate()));
  const seen: Seen[] = [];
  worker.on('message', (one: Seen) => void seen.push(one));
  await eventually('a first answer', () => seen.length > 0);
  return seen;
}

const isInPlace = ({ body }: Seen) => body.includes('has not moved for');
const hasRecovered = (seen: readonly Seen[]) =>
  seen.some(isInPlace) && seen.at(-1)?.body.includes('serviceId') === true;

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe('the management port in a thread', () => {
  test('answers what the main thread says, in full detail', async () => {
    const { get, answered, health } = await open({ checks: { db: () => true } });
    const { status, body, headers } = await get('/health');
    expect([status, JSON.parse(body)]).toEqual([
      200,
      expect.objectContaining({ serviceId: 'orders', checks: expect.objectContaining({}) }),
    ]);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect((await get('/health/ready', { headers: { accept: 'text/plain' } })).body).toBe('pass');
    health.drain();
    expect((await get('/health/ready')).status).toBe(503);
    expect(answered).toEqual(['health 200', 'ready 200', 'ready 503']);
  });

  test('answers HEAD, other paths and other methods as the one without a thread does', async () => {
    const { get, management } = await open();
    management.addRoute({ path: '/metrics', answer: () => textAnswer(200, 'up 1') });
    expect((await get('/metrics')).body).toBe('up 1\n');
    expect(await get('/health', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
    expect((await get('/orders')).status).toBe(404);
    expect((await get('/health', { method: 'POST' })).status).toBe(405);
  });

  test('goes on answering while the main thread is blocked, and recovers', async () => {
    const { address, health, management } = await open();
    const seen = await askAlways(address.port, ['/health/live', '/health/ready']);
    health.markNotReady();
    management.publish();
    block(1_500);
    await eventually('the main thread to answer again', () => hasRecovered(seen));
    const meanwhile = seen.filter(isInPlace);
    const statuses = (path: string) =>
      new Set(meanwhile.filter((one) => one.path === path).map(({ status }) => status));
    expect([...statuses('/health/live')]).toEqual([200]);
    expect([...statuses('/health/ready')]).toEqual([503]);
  });

  test('says that a main thread is dead once it has stood still for too long, and takes it back', async () => {
    const { address } = await open({ live: { maxStallMs: 1_000 } });
    const seen = await askAlways(address.port, ['/health/live']);
    block(3_000);
    await eventually('the main thread to answer again', () => hasRecovered(seen));
    expect(seen.at(-1)?.status).toBe(200);
    const meanwhile = seen.filter(isInPlace);
    expect(meanwhile[0]?.status).toBe(200);
    expect(meanwhile.at(-1)).toMatchObject({ status: 503, body: expect.stringContaining('"reason":"dead"') });
  });

  test('counts what it has answered in the main thread’s place', async () => {
    const { address, answered } = await open();
    const seen = await askAlways(address.port, ['/health/live']);
    block(1_000);
    await eventually('an answer in its place', () => seen.some(isInPlace));
    await eventually('all to be counted', () => answered.length >= seen.length);
    expect(new Set(answered)).toEqual(new Set(['live 200']));
  });

  test('hands bytes on as they are, also to a scraper that asked while the main thread was blocked', async () => {
    const { management, address } = await open();
    const bytes = gzipSync('metric 1\n'.repeat(10_000));
    const headers = { 'Content-Encoding': 'gzip', 'Content-Length': String(bytes.length) };
    management.addRoute({ path: '/metrics', answer: () => ({ status: 200, headers, body: bytes }) });
    const seen = await askAlways(address.port, ['/metrics'], 'latin1');
    block(700);
    const before = seen.length;
    await eventually('answers to what was asked meanwhile', () => seen.length >= before + 10);
    expect(new Set(seen.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(seen.map(({ body }) => body))).toEqual(new Set([bytes.toString('latin1')]));
  });

  test('that is taken is one warning', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const { address, lines } = await open({ port });
    expect(address).toBeUndefined();
    expect(lines).toEqual([
      `golden-signals warn: the management port 127.0.0.1:${port} is not served: EADDRINUSE`,
    ]);
  });

  test('is served without a thread where there can be none, as in a bundle', async () => {
    const { get, lines } = await open({ parts: { threadFile: join(dirname(threadFile), 'missing.js') } });
    expect((await get('/health')).status).toBe(200);
    expect(lines).toEqual([expect.stringMatching(/served without a thread of its own: .*missing\.js/)]);
  });

  test('ends with the service', async () => {
    const { management, address } = await open();
    await management.close();
    const socket = net.connect(address.port, '127.0.0.1');
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
  });

  test('answers a probe that has to wait for a check', async () => {
    const run = vi.fn(never);
    const { get, clock } = await open({ checks: { disk: { run, critical: true } } });
    const answer = get('/health/ready');
    await eventually('the probe to wait', () => clock.pending > 1);
    await clock.advance(800);
    expect((await answer).status).toBe(503);
    expect(run).toHaveBeenCalledOnce();
  });
});

describe.each([true, false])('with thread: %s', (thread) => {
  test('the port and a connection to it keep no process alive, and a preload of the process stays out', async () => {
    const folder = dirname(built('preload.ts'));
    const preload = join(folder, `preload-${thread}.cjs`);
    const script = join(folder, `process-${thread}.cjs`);
    writeFileSync(
      preload,
      `console.log('preload in main thread: ' + require('node:worker_threads').isMainThread);`,
    );
    writeFileSync(
      script,
      `
      const http = require('node:http');
      const { createManagement } = require('./management/management.js');
      const { Health } = require('./health/health.js');
      const { resolveHealth } = require('./health/options.js');
      const config = resolveHealth();
      const timers = { set: (run, ms) => setTimeout(run, ms).unref(), clear: clearTimeout };
      const clock = { now: () => performance.now(), epochMs: () => Date.now() };
      const health = new Health({ config, identity: { name: 'x' }, clock, timers, random: Math.random,
        faults: { caught() {} }, isolate: (run) => run(), events: {} });
      health.start();
      const management = createManagement({ config: { port: 0, host: '127.0.0.1', thread: ${thread} }, health,
        probes: config, log: { warn: console.log, info: console.log, warnOnce: (key, line) => console.log(line) },
        every(ms, run) { const timer = setInterval(run, ms).unref(); return () => clearInterval(timer); },
        leaveAlone() {}, onAnswered() {} });
      const busy = setInterval(() => {}, 1000);
      management.address().then(({ port }) => {
        const agent = new http.Agent({ keepAlive: true });
        http.get({ port, host: '127.0.0.1', path: '/health/live', agent }, (res) => {
          res.resume().on('end', () => { console.log('status ' + res.statusCode); clearInterval(busy); });
        });
      });
      `,
    );
    const child = spawn(process.execPath, ['--require', preload, script], {
      env: { ...process.env, NODE_OPTIONS: `--require "${preload.replaceAll('\\', '/')}"` },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    const [code] = await once(child, 'close');
    expect([code, new Set(output.trim().split('\n'))]).toEqual([
      0,
      new Set(['preload in main thread: true', 'status 200']),
    ]);
  });
});
