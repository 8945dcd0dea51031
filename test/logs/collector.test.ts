import { createServer } from 'node:http';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { misbehaviours, timeoutFor } from '../export/support/misbehaviours.js';
import { createLines, get, listen, startLogService } from './support.js';

const MAX_QUEUE = 300;
const LINES = 2_000;

const rejections: unknown[] = [];
const onRejection = (reason: unknown) => rejections.push(reason);
beforeAll(() => void process.on('unhandledRejection', onRejection));
afterAll(() => void process.off('unhandledRejection', onRejection));

const environment = {
  OTEL_TRACES_EXPORTER: 'none',
  OTEL_METRICS_EXPORTER: 'none',
  OTEL_BLRP_MAX_QUEUE_SIZE: String(MAX_QUEUE),
  OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: '100',
};

describe.each(misbehaviours)('a collector that %s', (_what, behaviour, reason) => {
  test('costs the application nothing: lines are written, the loss is bounded and said once', async () => {
    const server = createServer((_req, res) => {
      for (let index = 0; index < LINES / 10; index += 1) logger.info({ index }, 'line');
      res.end('ok');
    });
    const { signals, receiver, said } = await startLogService({ logs: { export: true } }, server, {
      ...environment,
      OTEL_EXPORTER_OTLP_TIMEOUT: timeoutFor(behaviour),
    });
    const lines = createLines();
    const logger = pino(lines);
    const url = await listen(server);
    await receiver.behave(behaviour);
    for (let request = 0; request < 10; request += 1) expect(await get(url)).toBe(200);
    await signals.flush();
    expect(lines.lines).toHaveLength(LINES);
    expect(said).toEqual([expect.stringMatching(reason)]);
    expect(said[0]).toContain('(logs: ');

    await receiver.behave('ok');
    logger.info('again');
    // What was under way when it came back may still fail; what waits now does not.
    await signals.flush();
    await signals.flush();
    expect(receiver.logs().map(({ body }) => body)).toContain('again');
    expect(receiver.logs().length).toBeLessThanOrEqual(MAX_QUEUE + 100 + 1);
    expect(rejections).toEqual([]);
  });
});

test('what finds no place is counted by its reason', async () => {
  const { signals, receiver } = await startLogService({ logs: { export: true } }, undefined, {
    OTEL_EXPORTER_OTLP_TIMEOUT: '200',
    OTEL_BLRP_MAX_QUEUE_SIZE: '10',
    OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: '10',
  });
  await receiver.behave('hang');
  const logger = pino(createLines());
  // The first ten are an export under way, the next ten wait.
  for (let index = 0; index < 25; index += 1) logger.info('x');
  await receiver.waitForRequests(1);
  await receiver.behave('ok');
  await signals.flush();
  const dropped = receiver.metrics().filter(({ name }) => name === 'golden_signals.dropped');
  expect(dropped.map(({ attributes, value }) => [attributes['golden_signals.reason'], value])).toContainEqual(
    ['queue_full', 5],
  );
}, 60_000);

test('shutdown() exports what is waiting, and gives up a collector that hangs', async () => {
  const kept = await startLogService({ logs: { export: true } });
  pino(createLines()).info('last');
  await kept.signals.shutdown();
  expect(kept.receiver.logs().map(({ body }) => body)).toEqual(['last']);

  const { signals, receiver, said } = await startLogService(
    { logs: { export: true }, shutdown: { budgetMs: 4_000 } },
    undefined,
    { OTEL_EXPORTER_OTLP_TIMEOUT: '600000', OTEL_METRICS_EXPORTER: 'none' },
  );
  await receiver.behave('hang');
  pino(createLines()).info('lost');
  await signals.shutdown();
  expect(said).toEqual([expect.stringContaining('logs: no answer before the shutdown')]);
});
