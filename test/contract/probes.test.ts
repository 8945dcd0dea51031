import { afterEach, beforeEach, describe, expect, type MockInstance, onTestFinished, test, vi } from 'vitest';
import type { CheckFunction, HealthOptions, Options } from '../../src/index.js';
import { bindToService, createService } from '../../src/service/create.js';
import { createDeferred, never } from '../health/support/harness.js';
import { createErrorWithGetters, createHostileProxy } from '../health/support/hostile.js';
import { eventually } from '../support/eventually.js';
import { withRefusal, withRoute } from './apps/additions.js';
import type { Kind } from './apps/app.js';
import { kinds } from './apps/kinds.js';
import { openSession, send, sendOnSession } from './support/client.js';
import { pipeline } from './support/pipeline.js';
import { type Running, start, useCollector } from './support/service.js';

useCollector();

/** Standard error is where the library speaks: kept for the tests that ask for it. */
let written: MockInstance<typeof process.stderr.write>;
beforeEach(() => {
  written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => void vi.restoreAllMocks());
const linesWritten = () => written.mock.calls.map(([line]) => String(line));

const paths = ['/health', '/health/live', '/health/ready', '/health/startup'] as const;

const startWith = (kind: Kind, health: HealthOptions | false, options: Options = {}) =>
  start(kind, { options: { ...options, health } });

const statuses = async ({ send }: Running) =>
  Object.fromEntries(await Promise.all(paths.map(async (path) => [path, (await send({ path })).status])));

const allPass = { '/health': 200, '/health/live': 200, '/health/ready': 200, '/health/startup': 200 };

const statusOf = (body: string) => (JSON.parse(body) as { status: string }).status;
const isDetailed = (body: string) => 'checks' in (JSON.parse(body) as object);

describe.each(kinds)('$name', (kind) => {
  describe('answers', () => {
    test.each(['before routes', 'after routes', 'after listen'] as const)(
      'from the first request on, instrumented %s',
      async (when) => {
        const service = await start(kind, { when });
        const first = await service.send({ path: '/health/startup' });
        expect([first.status, statusOf(first.body)]).toEqual([200, 'pass']);
        expect(await statuses(service)).toEqual(allPass);
        expect((await service.send({ path: '/orders/7' })).body).toBe('{"id":"7"}');
      },
    );

    test('with headers that nobody caches or guesses at', async () => {
      const { send } = await startWith(kind, {});
      const { headers, body } = await send({ path: '/health' });
      expect(headers).toMatchObject({
        'content-type': 'application/json; charset=utf-8',
        'content-length': String(Buffer.byteLength(body)),
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      });
      expect(headers['retry-after']).toBeUndefined();
    });

    test('HEAD as GET, without the body', async () => {
      const { send, signals } = await startWith(kind, { detail: 'never' });
      signals.health.markNotReady();
      const get = await send({ path: '/health/ready' });
      const head = await send({ path: '/health/ready', method: 'HEAD' });
      const { date: _a, 'retry-after': wait, ...expected } = get.headers;
      const { date: _b, 'retry-after': otherWait, ...headers } = head.headers;
      expect([head.status, head.body, headers]).toEqual([503, '', expected]);
      expect([wait, otherWait]).toEqual([expect.stringMatching(/^[1-5]$/), expect.stringMatching(/^[1-5]$/)]);
    });

    test.each([
      ['application/health+json', 'application/health+json; charset=utf-8', '{"status":"pass"}'],
      ['application/json, text/plain;q=0.5', 'application/json; charset=utf-8', '{"status":"pass"}'],
      ['text/plain', 'text/plain; charset=utf-8', 'pass'],
      ['text/html', 'application/json; charset=utf-8', '{"status":"pass"}'],
    ])('Accept: %s with %s', async (accept, type, body) => {
      const { send } = await startWith(kind, { detail: 'never' });
      const answer = await send({ path: '/health', headers: { accept } });
      expect([answer.headers['content-type'], answer.body]).toEqual([type, body]);
    });

    test('whatever query and one trailing slash come with it', async () => {
      const { send } = await startWith(kind, {});
      for (const path of ['/health?verbose', '/health/live/', '/health/ready/?a=/b'])
        expect([path, (await send({ path })).status]).toEqual([path, 200]);
    });

    test('at another path, and at the names of Kubernetes where they are wanted', async () => {
      const { send } = await startWith(kind, { path: '/internal/status', aliases: true });
      for (const path of ['/internal/status', '/internal/status/ready', '/healthz', '/livez', '/readyz'])
        expect([path, (await send({ path })).status]).toEqual([path, 200]);
      expect((await send({ path: '/health' })).status).toBe(404);
    });

    test('several on one connection, between other requests', async () => {
      const service = await startWith(kind, {});
      const asked = ['/health/live', '/orders/1', '/health', '/health/ready', '/orders/2'];
      const answers = await onOneConnection(service, asked);
      expect(answers).toEqual([200, 200, 200, 200, 200]);
    });

    if (kind.hasRoutes)
      test('ahead of every middleware', async () => {
        const service = await startWith(withRefusal(kind), {});
        expect(await statuses(service)).toEqual(allPass);
        expect((await service.send({ path: '/orders/7' })).status).toBe(401);
      });

    test('with telemetry switched off', async () => {
      vi.stubEnv('OTEL_SDK_DISABLED', 'true');
      onTestFinished(() => void vi.unstubAllEnvs());
      const service = await startWith(kind, { checks: { db: () => false } });
      expect(await statuses(service)).toEqual(allPass);
      expect(service.signals.health.report().status).toBe('warn');
    });
  });

  describe('leaves to the application', () => {
    test('every other method', async () => {
      const { send, span } = await startWith(kind, {});
      const answer = await send({ path: '/health', method: 'POST' });
      expect(answer.status).not.toBe(200);
      expect((await span()).attributes['http.request.method']).toBe('POST');
    });

    test('every path where health is off; its state is kept all the same', async () => {
      const { send, signals } = await startWith(kind, false);
      expect((await send({ path: '/health' })).status).toBe(404);
      signals.health.add('db', () => true);
      signals.health.markNotReady('later');
      expect(signals.health.state).toBe('unready');
    });

    if (kind.hasRoutes)
      test('a route of its own at the same path, and says so once', async () => {
        const service = await startWith(withRoute(kind, '/health'), {});
        expect((await service.send({ path: '/health' })).body).toBe('mine');
        expect((await service.send({ path: '/health?again' })).body).toBe('mine');
        expect((await service.send({ path: '/health/live' })).body).toMatch(/^\{"status":"pass"/);
        const lines = linesWritten().filter((line) => line.includes('GET /health'));
        expect(lines).toHaveLength(1);
        expect(
          (await service.spans(2)).every(({ attributes }) => attributes['http.route'] === '/health'),
        ).toBe(true);
      });

    if (kind.hasRoutes)
      test('no route of its own where that is overridden', async () => {
        const { send } = await startWith(withRoute(kind, '/health'), { override: true });
        expect(statusOf((await send({ path: '/health' })).body)).toBe('pass');
      });

    if (kind.hasRoutes)
      test('a path that its parameters match, unless that is overridden', async () => {
        const path = '/orders/health';
        const { send } = await startWith(kind, { path });
        for (const _ of [1, 2]) expect((await send({ path })).body).toBe('{"id":"health"}');
        expect(linesWritten().filter((line) => line.includes(`GET ${path} of its own`))).toHaveLength(1);
        const first = await startWith(kind, { path, override: true });
        expect((await first.send({ path })).body).not.toContain('id');
        expect((await first.send({ path: '/orders/healthy' })).body).toBe('{"id":"healthy"}');
      });
  });

  describe('tells the state', () => {
    test('starting', async () => {
      const task = createDeferred();
      const service = await startWith(kind, { startup: { warm: () => task.promise }, detail: 'never' });
      expect(await statuses(service)).toEqual({
        '/health': 503,
        '/health/live': 200,
        '/health/ready': 503,
        '/health/startup': 503,
      });
      expect((await service.send({ path: '/health/ready' })).body).toBe(
        '{"status":"fail","reason":"starting"}',
      );
      task.resolve();
      await eventually('the start-up to end', () => service.signals.health.state === 'ready');
      expect(await statuses(service)).toEqual(allPass);
    });

    test('unready, and back', async () => {
      const service = await startWith(kind, { detail: 'never' });
      service.signals.health.markNotReady('reindexing');
      expect(await statuses(service)).toEqual({ ...allPass, '/health/ready': 503 });
      const { body, headers } = await service.send({ path: '/health/ready' });
      expect([body, headers['retry-after']]).toEqual([
        '{"status":"fail","reason":"manual"}',
        expect.stringMatching(/^[1-5]$/),
      ]);
      service.signals.health.markReady();
      expect(await statuses(service)).toEqual(allPass);
    });

    test('dead', async () => {
      const service = await startWith(kind, { detail: 'never' });
      service.signals.health.markDead('deadlock');
      expect(await statuses(service)).toEqual({
        '/health': 503,
        '/health/live': 503,
        '/health/ready': 503,
        '/health/startup': 200,
      });
    });

    test('draining: alive, and wanting no traffic and no more of this connection', async () => {
      const { health, address } = await startService(kind);
      const ask = (path: string) =>
        send(address, { path, headers: kind.protocol === '2' ? {} : { connection: 'keep-alive' } });
      const warned = vi.spyOn(process, 'emitWarning');
      health.drain();
      const answers = await Promise.all(paths.map(ask));
      expect(answers.map(({ status }) => status)).toEqual([503, 200, 503, 200]);
      expect(answers[0]?.body).toBe('{"status":"fail","reason":"draining"}');
      const { connection } = answers[0]?.headers ?? {};
      expect(connection).toBe(kind.protocol === '2' ? undefined : 'close');
      expect((await ask('/orders/7')).status).toBe(200);
      expect(warned).not.toHaveBeenCalled();
    });

    test('of checks: only a critical one takes it out of service', async () => {
      const checks = { db: () => false };
      const service = await startWith(kind, { checks, detail: 'never' });
      expect(await statuses(service)).toEqual(allPass);
      expect((await service.send({ path: '/health' })).body).toBe('{"status":"warn"}');
      service.signals.health.add('disk', { run: () => false, critical: true });
      expect((await service.send({ path: '/health/ready' })).body).toBe(
        '{"status":"fail","reason":"critical-check"}',
      );
    });

    test('of breakers: an open one is a warning and never more', async () => {
      const { send, signals } = await startWith(kind, {});
      signals.breaker('ledger').forceOpen();
      expect((await send({ path: '/health/ready' })).status).toBe(200);
      const { status, body } = await send({ path: '/health' });
      expect(status).toBe(200);
      expect(JSON.parse(body)).toMatchObject({
        status: 'warn',
        checks: {
          'ledger:circuit': [{ status: 'warn', critical: false, observedValue: 'forced-open' }],
          'process:uptime': [{ status: 'pass', observedUnit: 's' }],
        },
      });
    });
  });

  describe('shows detail', () => {
    const checks = { db: () => true };

    test('to everybody by default', async () => {
      const { send } = await startWith(kind, { checks });
      expect(isDetailed((await send({ path: '/health' })).body)).toBe(true);
    });

    test('to nobody in production, nor where it is off', async () => {
      const { send } = await startWith(kind, { checks, detail: 'never' });
      expect((await send({ path: '/health' })).body).toBe('{"status":"pass"}');
      vi.stubEnv('NODE_ENV', 'production');
      onTestFinished(() => void vi.unstubAllEnvs());
      const production = await startWith(kind, { checks });
      expect((await production.send({ path: '/health' })).body).toBe('{"status":"pass"}');
    });

    test('to whom authorize() lets in', async () => {
      const { send } = await startWith(kind, { checks, authorize: (req) => req.headers['x-key'] === 'open' });
      expect((await send({ path: '/health' })).body).toBe('{"status":"pass"}');
      expect(isDetailed((await send({ path: '/health', headers: { 'x-key': 'open' } })).body)).toBe(true);
    });
  });

  test('neither traces nor measures a probe, but counts it', async () => {
    const service = await startWith(kind, {});
    for (const path of paths) await service.send({ path });
    await service.send({ path: '/health', method: 'HEAD' });
    await service.send({ path: '/orders/1' });

    await service.span();
    const requests = await service.points('http.server.request.duration');
    expect(requests.map(({ count }) => count)).toEqual([1]);
    const probes = await service.points('golden_signals.health.probes');
    expect(
      probes.map(({ attributes, value }) => [
        attributes['golden_signals.health.probe'],
        attributes['http.response.status_code'],
        value,
      ]),
    ).toEqual(
      expect.arrayContaining([
        ['health', 200, 2],
        ['live', 200, 1],
        ['ready', 200, 1],
        ['startup', 200, 1],
      ]),
    );
  });

  test('a check that hangs gives 503 when its time is up, and is never called a second time', async () => {
    const run = vi.fn(never);
    const { send, signals } = await startWith(kind, {
      checks: { disk: { run, critical: true, timeoutMs: 50, intervalMs: 20 } },
      detail: 'never',
    });
    const { status, body } = await send({ path: '/health/ready' });
    expect([status, body]).toEqual([503, '{"status":"fail","reason":"critical-check"}']);
    await eventually('several turns', () => {
      const [entry] = signals.health.report().checks['disk:responseTime'] ?? [];
      return (entry?.consecutiveFailures ?? 0) > 3;
    });
    expect(run).toHaveBeenCalledOnce();
  });

  describe('holds out against', () => {
    let surprises: unknown[] = [];
    beforeEach(() => {
      surprises = [];
      const surprise = (error: unknown) => void surprises.push(error);
      process.on('unhandledRejection', surprise).on('uncaughtException', surprise);
      onTestFinished(() => {
        process.off('unhandledRejection', surprise).off('uncaughtException', surprise);
      });
    });

    const secret = 'hunter2hunter2';
    const thrown: [string, () => unknown][] = [
      ['undefined', () => undefined],
      ['a string', () => `password=${secret}`],
      ['a symbol', () => Symbol(secret)],
      ['a frozen error', () => Object.freeze(new Error(`connect postgres://app:${secret}@db`))],
      ['an error with secrets', () => secretive(secret)],
      ['an error with throwing getters', createErrorWithGetters],
      ['a hostile proxy', createHostileProxy],
    ];
    const run = (how: () => unknown): Record<string, CheckFunction> => ({
      thrown: () => {
        throw how();
      },
      rejected: () => Promise.reject(how()),
    });

    test.each(thrown)('checks that throw %s', async (_what, how) => {
      const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
      onTestFinished(() => write.mockRestore());
      const { send } = await startWith(kind, {
        checks: run(how),
        authorize: (req) => 'x-key' in req.headers,
      });
      for (const path of paths) {
        for (const headers of [{}, { 'x-key': 'open' }, { accept: 'text/plain' }]) {
          const { status, body } = await send({ path, headers: headers as Record<string, string> });
          expect([path, status]).toEqual([path, 200]);
          expect(body).not.toContain(secret);
        }
      }
      expect(surprises).toEqual([]);
    });
  });
});

/** The application with the inside of its service, which drains without ending here. */
async function startService(kind: Kind) {
  const app = await kind.create(() => {});
  onTestFinished(() => app.close());
  const service = createService({ health: { detail: 'never' } }, () => {});
  onTestFinished(() => void service.signals.shutdown());
  bindToService(app.target, service);
  await app.addRoutes();
  const address = await app.listen();
  await send(address, { path: '/health/startup' });
  return { health: service.health, address };
}

function secretive(secret: string): Error {
  const cause = new Error(`redis://:${secret}@cache`);
  return Object.assign(new Error('login failed', { cause }), { password: secret, config: { token: secret } });
}

async function onOneConnection({ address }: Running, asked: readonly string[]): Promise<number[]> {
  if (address.protocol === '2') {
    const session = openSession(address);
    onTestFinished(() => void session.close());
    return Promise.all(asked.map(async (path) => (await sendOnSession(session, { path })).status));
  }
  if (address.scheme === 'https') {
    const answers: number[] = [];
    for (const path of asked) answers.push((await send(address, { path })).status);
    return answers;
  }
  return (await pipeline(address.port, asked)).map(({ status }) => status);
}
