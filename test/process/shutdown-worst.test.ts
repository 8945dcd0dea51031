import { describe, expect, onTestFinished, test } from 'vitest';
import { startOtlpReceiver } from '../support/otlp-receiver.js';
import { type Child, startChild } from './support/child.js';
import { get, upgraded } from './support/requests.js';

/** Seconds are what is promised; what a busy machine needs to start a timer and to end a process is not. */
const lateMs = 2_000;

/** Opens a stream, a WebSocket and a request that takes a minute; resolves to how they end. */
async function occupy(child: Child) {
  const cut = (answer: Promise<unknown>) => answer.then(String, ({ code }: NodeJS.ErrnoException) => code);
  const stream = cut(get(child.port, '/stream'));
  const minute = cut(get(child.port, '/slow?ms=60000'));
  const webSocket = await upgraded(child.port);
  await get(child.port, '/quick');
  return () => Promise.all([stream, minute, webSocket.closed]);
}

const cutOff = '3 requests and connections had not ended in time and were cut off';

test.each(['http', 'express', 'fastify'] as const)(
  'where the collector, a hook of each kind, a stream, a WebSocket and a request hang together, a %s service ends inside its budget with 1',
  async (framework) => {
    const receiver = await startOtlpReceiver();
    onTestFinished(() => receiver.close());
    await receiver.behave('hang');
    const budgetMs = 5_000;
    const child = await startChild(
      {
        framework,
        staysAlive: true,
        hooks: { onDrain: 'hang', onShutdown: 'hang' },
        options: { shutdown: { budgetMs, delayMs: 300 } },
      },
      { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
    );
    const ends = await occupy(child);
    child.kill('SIGTERM');
    expect(await ends()).toEqual(['ECONNRESET', 'ECONNRESET', undefined]);
    const { code, afterMs } = await child.exited;
    expect(code).toBe(1);
    expect(afterMs).toBeLessThan(budgetMs + lateMs);
    expect(child.stderr()).toContain(cutOff);
    expect(child.stderr()).toContain('1 of the onDrain hooks had not ended in time');
    expect(child.stderr()).toContain('an onShutdown hook had not ended after');
  },
  60_000,
);

describe('in its default configuration', () => {
  test('a service gives 6 s to what hangs, and ends before Docker would kill it', async () => {
    const child = await startChild({ framework: 'express' });
    const ends = await occupy(child);
    child.kill('SIGTERM');
    expect(await ends()).toEqual(['ECONNRESET', 'ECONNRESET', undefined]);
    const { code, afterMs } = await child.exited;
    expect(code).toBe(1);
    expect(afterMs).toBeGreaterThanOrEqual(5_900);
    expect(afterMs).toBeLessThan(8_000 + lateMs);
    expect(child.stderr()).toContain(cutOff);
  }, 60_000);

  test('a pod serves on for 5 s with readiness at 503; an interrupt meanwhile ends it at once with 130', async () => {
    const child = await startChild({ framework: 'express' }, { KUBERNETES_SERVICE_HOST: '10.0.0.1' });
    child.kill('SIGTERM');
    await child.said('serving on for 5 s');
    expect(await get(child.port, '/health/ready')).toMatchObject({ status: 503 });
    expect(await get(child.port, '/health/live')).toMatchObject({ status: 200 });
    // Within 200 ms of the first, a second signal would be its echo.
    const begunAt = performance.now();
    do {
      expect(await get(child.port, '/a')).toMatchObject({ status: 200, headers: { connection: 'close' } });
    } while (performance.now() - begunAt < 250);
    child.kill('SIGINT');
    const { code, afterMs } = await child.exited;
    expect(code).toBe(130);
    expect(afterMs).toBeLessThan(5_000);
    expect(child.stderr()).not.toContain('killed after');
  });

  test.each([
    ['20', 'a shutdown may take 25 s, and the pod is killed after 20 s'],
    ['25', 'a shutdown may take 25 s, and the pod is killed after 25 s'],
  ])('a pod with a grace period of %s s is told that its budget does not fit', async (seconds, line) => {
    const child = await startChild(
      { framework: 'express' },
      { KUBERNETES_SERVICE_HOST: '10.0.0.1', TERMINATION_GRACE_PERIOD_SECONDS: seconds },
    );
    expect(child.stderr()).toContain(line);
  });
});
