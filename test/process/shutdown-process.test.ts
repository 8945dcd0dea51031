import * as http from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startOtlpReceiver } from '../support/otlp-receiver.js';
import { startChild } from './support/child.js';
import { connect, get, upgraded } from './support/requests.js';

async function collector() {
  const receiver = await startOtlpReceiver();
  onTestFinished(() => receiver.close());
  return receiver;
}

describe.each(['http', 'express', 'fastify'] as const)('a %s service that is told to end', (framework) => {
  test.each(['before listen', 'after listen'] as const)(
    'ends at once with 0 where it has nothing to do, instrumented %s',
    async (when) => {
      const child = await startChild({ framework, when });
      await get(child.port, '/a');
      child.kill('SIGTERM');
      expect(await child.exited).toMatchObject({ code: 0, signal: null });
    },
  );

  test('is not ready in the same moment, and answers on with Connection: close until the delay is over', async () => {
    const child = await startChild({ framework, options: { shutdown: { delayMs: 1_500 } } });
    const agent = new http.Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    expect(await get(child.port, '/a', agent)).toMatchObject({ headers: { connection: 'keep-alive' } });
    expect(await get(child.port, '/health/ready')).toMatchObject({ status: 200 });

    child.kill('SIGTERM');
    await child.said('serving on for 1.5 s');
    expect(await get(child.port, '/health/ready', agent)).toMatchObject({
      status: 503,
      headers: { connection: 'close' },
    });
    expect(await get(child.port, '/health/live')).toMatchObject({ status: 200 });
    for (const path of ['/a', '/keep-alive']) {
      expect(await get(child.port, path, agent)).toMatchObject({
        status: 200,
        body: path,
        headers: { connection: 'close' },
      });
    }
    const { code, afterMs } = await child.exited;
    expect(code).toBe(0);
    expect(afterMs).toBeGreaterThanOrEqual(1_490);
    await expect(get(child.port, '/a')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('lets a request under way end, closes its connection, and delivers its span before it exits', async () => {
    const receiver = await collector();
    const child = await startChild(
      { framework, options: { service: 'ending' } },
      { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
    );
    const slow = get(child.port, '/slow?ms=1500', new http.Agent({ keepAlive: true }));
    await get(child.port, '/quick');
    child.kill('SIGTERM');
    expect(await slow).toMatchObject({ status: 200, body: '/slow', headers: { connection: 'close' } });
    expect(await child.exited).toMatchObject({ code: 0 });
    expect(receiver.spans().map(({ attributes }) => attributes['url.path'])).toEqual(
      expect.arrayContaining(['/quick', '/slow']),
    );
  });

  test('ends inside its budget with 1 over a request that does not end, and delivers its span', async () => {
    const receiver = await collector();
    const child = await startChild(
      { framework, options: { shutdown: { drainTimeoutMs: 300 } } },
      { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
    );
    const slow = get(child.port, '/slow?ms=60000');
    await get(child.port, '/quick');
    child.kill('SIGTERM');
    await expect(slow).rejects.toMatchObject({ code: 'ECONNRESET' });
    const { code, afterMs } = await child.exited;
    expect(code).toBe(1);
    expect(afterMs).toBeLessThan(25_000);
    expect(child.stderr()).toContain('1 requests and connections had not ended in time and were cut off');
    const paths = receiver.spans().map(({ attributes }) => attributes['url.path']);
    expect(paths).toEqual(expect.arrayContaining(['/quick', '/slow']));
  });

  test('ends inside its budget with 1 over an open stream and a WebSocket', async () => {
    const child = await startChild({ framework, options: { shutdown: { drainTimeoutMs: 300 } } });
    const webSocket = await upgraded(child.port);
    const stream = get(child.port, '/stream');
    await get(child.port, '/quick');
    child.kill('SIGTERM');
    await expect(stream).rejects.toMatchObject({ code: 'ECONNRESET' });
    await webSocket.closed;
    expect(await child.exited).toMatchObject({ code: 1 });
    expect(child.stderr()).toContain('2 requests and connections had not ended in time and were cut off');
  });

  test("ends with 0 where streams end themselves when their server says 'draining'", async () => {
    const child = await startChild({ framework, endStreamsOnDraining: true });
    const stream = get(child.port, '/stream');
    await get(child.port, '/quick');
    child.kill('SIGTERM');
    expect(await stream).toMatchObject({ body: 'data: 1\n\ndata: bye\n\n' });
    expect(await child.exited).toMatchObject({ code: 0 });
  });

  test('does not wait for connections that never carried a request', async () => {
    const child = await startChild({ framework });
    const unused = await connect(child.port);
    await get(child.port, '/quick');
    child.kill('SIGTERM');
    await unused.closed;
    const { code, afterMs } = await child.exited;
    expect(code).toBe(0);
    expect(afterMs).toBeLessThan(30_000);
  });
});

test('fastify closes as a whole: its own hooks run when the last request has ended', async () => {
  const child = await startChild({ framework: 'fastify' });
  const slow = get(child.port, '/slow?ms=1500');
  await get(child.port, '/quick');
  child.kill('SIGTERM');
  await child.said('accepting no new connections');
  expect(child.stdout()).not.toContain('onClose');
  await slow;
  expect(await child.exited).toMatchObject({ code: 0 });
  expect(child.stdout()).toContain('onClose');
});

describe('a shutdown ends inside its budget', () => {
  /** What a busy machine may take to start and to end a process; an export would be waited for for 10 s. */
  const lateMs = 7_000;
  const budget = { budgetMs: 1_500 };

  test('with 0 where the collector hangs: telemetry is no reason to fail', async () => {
    const receiver = await collector();
    await receiver.behave('hang');
    const child = await startChild(
      { framework: 'express', options: { shutdown: budget } },
      { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
    );
    await get(child.port, '/a');
    child.kill('SIGTERM');
    const { code, afterMs } = await child.exited;
    expect(code).toBe(0);
    expect(afterMs).toBeLessThan(budget.budgetMs + lateMs);
    expect(child.stderr()).not.toContain('not done after');
  });

  test.each(['onDrain', 'onShutdown'] as const)('with 1 where an %s hook hangs', async (hook) => {
    const child = await startChild({
      framework: 'express',
      options: { shutdown: budget },
      hooks: { [hook]: 'hang' },
    });
    child.kill('SIGTERM');
    const { code, afterMs } = await child.exited;
    expect(code).toBe(1);
    expect(afterMs).toBeLessThan(budget.budgetMs + lateMs);
    expect(child.stderr()).toMatch(/hooks? had not ended/);
  });

  test('with 1 where a hook throws', async () => {
    const child = await startChild({ hooks: { onShutdown: 'throw' } });
    child.kill('SIGTERM');
    expect(await child.exited).toMatchObject({ code: 1 });
    expect(child.stderr()).toContain('an onShutdown hook failed: TypeError: the hook failed');
  });
});

describe('an interrupt', () => {
  test('ends the process as SIGTERM does', async () => {
    const child = await startChild({ hooks: { onShutdown: 'say' } });
    child.kill('SIGINT');
    expect(await child.exited).toMatchObject({ code: 0 });
    expect(child.stdout()).toContain('hook');
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('with a second signal, %s, ends it at once with %i', async (signal, code) => {
    // The delay, so that the second one is too late to be an echo of the first.
    const child = await startChild({
      hooks: { onShutdown: 'hang' },
      options: { shutdown: { delayMs: 500, budgetMs: 60_000 } },
    });
    child.kill('SIGTERM');
    await child.said('accepting no new connections');
    const toldAt = performance.now();
    child.kill(signal);
    expect(await child.exited).toMatchObject({ code });
    expect(performance.now() - toldAt).toBeLessThan(30_000);
    expect(child.stderr()).toContain(`${signal} again`);
  });
});

describe('beside a handler of the application', () => {
  test('that never ends the process, it ends at the end of the budget, with 1', async () => {
    const child = await startChild({
      foreign: 'never',
      staysAlive: true,
      options: { shutdown: { budgetMs: 700 } },
    });
    child.kill('SIGTERM');
    const { code, afterMs } = await child.exited;
    expect(code).toBe(1);
    expect(afterMs).toBeGreaterThanOrEqual(690);
    expect(child.stdout()).toContain('foreign');
    expect(child.stderr()).toContain('another handler of SIGTERM has not ended the process');
  });

  test('that never ends it, the process ends by itself where nothing keeps it', async () => {
    const child = await startChild({ foreign: 'never' });
    child.kill('SIGTERM');
    const { code, afterMs } = await child.exited;
    expect(code).toBe(0);
    expect(afterMs).toBeLessThan(30_000);
  });

  test('that takes its time, the process ends when and how that says', async () => {
    const child = await startChild({ foreign: 'exits', staysAlive: true });
    child.kill('SIGTERM');
    const { code, afterMs } = await child.exited;
    expect(code).toBe(3);
    expect(afterMs).toBeGreaterThanOrEqual(290);
  });

  test('that calls shutdown() itself, everything happens once', async () => {
    const child = await startChild({ foreign: 'shutdown()', hooks: { onShutdown: 'say' } });
    child.kill('SIGTERM');
    expect(await child.exited).toMatchObject({ code: 0 });
    expect(child.stdout().match(/^hook$/gm)).toHaveLength(1);
    expect(child.stdout()).toContain('foreign done');
  });

  test('that raises the signal again when it is done, requests under way still end', async () => {
    const child = await startChild({ foreign: 'raises', staysAlive: true });
    const slow = get(child.port, '/slow?ms=500');
    await get(child.port, '/quick');
    child.kill('SIGTERM');
    expect(await slow).toMatchObject({ status: 200 });
    expect(await child.exited).toMatchObject({ code: null, signal: 'SIGTERM' });
  });

  test('shutdown: false leaves the signal to it', async () => {
    const child = await startChild({ foreign: 'exits', options: { shutdown: false } });
    child.kill('SIGTERM');
    expect(await child.exited).toMatchObject({ code: 3 });
  });
});

test('shutdown: false leaves a signal to Node', async () => {
  const child = await startChild({ options: { shutdown: false } });
  child.kill('SIGTERM');
  expect(await child.exited).toMatchObject({ code: null, signal: 'SIGTERM' });
});

test('a process with nothing else to do is not kept alive', async () => {
  const child = await startChild({
    framework: 'none',
    options: { heartbeat: { url: 'http://127.0.0.1:9/x' }, overload: { shed: true } },
  });
  const { code, afterMs } = await child.exited;
  expect(code).toBe(0);
  expect(afterMs).toBeLessThan(30_000);
});

describe('an exception that nobody catches', () => {
  test.each([
    ['/throw', 'TypeError: nobody catches this'],
    ['/reject', 'RangeError: nobody waits for this'],
  ])(
    'of %s is printed; requests under way end, spans are delivered, and the process ends with 1',
    async (path, text) => {
      const receiver = await collector();
      const child = await startChild(
        { framework: 'express', hooks: { onShutdown: 'say' } },
        { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
      );
      const slow = get(child.port, '/slow?ms=400');
      await get(child.port, '/quick');
      await get(child.port, path);
      expect(await slow).toMatchObject({ status: 200 });
      expect(await child.exited).toMatchObject({ code: 1 });
      expect(child.stderr()).toContain(text);
      expect(child.stdout()).not.toContain('hook');
      const paths = receiver.spans().map(({ attributes }) => attributes['url.path']);
      expect(paths).toEqual(expect.arrayContaining(['/quick', '/slow', path]));
    },
  );

  test('ends the process at once when it is the second', async () => {
    const child = await startChild({
      framework: 'express',
      options: { shutdown: { budgetMs: 60_000, drainTimeoutMs: 50_000 } },
    });
    const slow = get(child.port, '/slow?ms=60000');
    const outcome = expect(slow).rejects.toBeDefined();
    await get(child.port, '/quick');
    // Its answer is cut off with everything else.
    get(child.port, '/throw?ms=500').catch(() => {});
    await get(child.port, '/throw');
    const { code, afterMs } = await child.exited;
    await outcome;
    expect(code).toBe(1);
    expect(afterMs).toBeLessThan(30_000);
    expect(child.stderr().match(/the process ends/g)?.length).toBe(2);
  });

  test('is left to the application where it listens itself', async () => {
    const child = await startChild({ framework: 'express', uncaughtListener: true });
    await get(child.port, '/throw');
    await child.said('mine: nobody catches this');
    await get(child.port, '/reject');
    await child.said('mine: nobody waits for this');
    expect(await get(child.port, '/health/ready')).toMatchObject({ status: 200 });
    expect(child.stderr()).not.toContain('the process ends');
  });

  test('is left to the application where it listens for rejections alone; another kind is not', async () => {
    const child = await startChild({ framework: 'express', rejectionListener: true });
    await get(child.port, '/reject');
    await child.said('mine: nobody waits for this');
    expect(await get(child.port, '/health/ready')).toMatchObject({ status: 200 });
    await get(child.port, '/throw');
    expect(await child.exited).toMatchObject({ code: 1 });
    expect(child.stderr()).toContain('TypeError: nobody catches this');
  });

  test('is ours where the application only looks on', async () => {
    const child = await startChild({ framework: 'express', monitorListener: true });
    await get(child.port, '/throw');
    expect(await child.exited).toMatchObject({ code: 1 });
    expect(child.stdout()).toContain('seen: nobody catches this');
    expect(child.stderr()).toContain('uncaughtException, the process ends');
  });
});
