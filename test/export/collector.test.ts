import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OtlpReceiver } from '../support/otlp-receiver.js';
import { misbehaviours, timeoutFor } from './support/misbehaviours.js';
import { startReceiver, startService } from './support/service.js';

const MAX_QUEUE = 300;
const REQUESTS = 2_000;
const MORE = 10;

const rejections: unknown[] = [];
const onRejection = (reason: unknown) => rejections.push(reason);
beforeAll(() => void process.on('unhandledRejection', onRejection));
afterAll(() => void process.off('unhandledRejection', onRejection));

const settings = (receiver: OtlpReceiver) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
  OTEL_BSP_MAX_QUEUE_SIZE: String(MAX_QUEUE),
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '100',
});

/** What the collector has been told of telemetry that was given up, by reason. */
function droppedIn(receiver: OtlpReceiver): Record<string, number> {
  const points = receiver.metrics().filter(({ name }) => name === 'golden_signals.dropped');
  return Object.fromEntries(
    points.map(({ attributes, value }) => [String(attributes['golden_signals.reason']), value ?? 0]),
  );
}

const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0);

describe.each(misbehaviours)('a collector that %s', (_what, behaviour, reason) => {
  test('costs the application nothing: all are answered, the loss is bounded, counted and said once', async () => {
    const receiver = await startReceiver();
    const { burst, signals, lines } = await startService({
      ...settings(receiver),
      OTEL_EXPORTER_OTLP_TIMEOUT: timeoutFor(behaviour),
    });
    await receiver.behave(behaviour);

    expect(await burst(REQUESTS)).toBe(REQUESTS);
    await signals.flush();
    expect(lines.filter((line) => line.includes('cannot be exported'))).toHaveLength(1);
    expect(lines[0]).toMatch(reason);
    expect(lines).toHaveLength(1);

    await receiver.behave('ok');
    expect(await burst(MORE)).toBe(MORE);
    // What was under way when it came back may still fail; what waits now does not.
    await signals.flush();
    await signals.flush();
    expect(lines.slice(1)).toEqual([expect.stringContaining('is exported to')]);
    const dropped = droppedIn(receiver);
    expect(receiver.spans().length + sum(dropped)).toBe(REQUESTS + MORE);
    const { export_failed: failed, queue_full: _full, ...others } = dropped;
    expect(failed).toBeGreaterThan(0);
    expect(others).toEqual({});
    expect(receiver.spans().length).toBeLessThanOrEqual(MAX_QUEUE + 100 + MORE);
    const duration = receiver.metrics().findLast(({ name }) => name === 'http.server.request.duration');
    expect(duration?.count).toBe(REQUESTS + MORE);
    expect(rejections).toEqual([]);
  });

  test('ends neither flush() nor shutdown() in an error, nor makes them wait for ever', async () => {
    const receiver = await startReceiver();
    const { burst, signals } = await startService({
      ...settings(receiver),
      OTEL_EXPORTER_OTLP_TIMEOUT: '600000',
    });
    await receiver.behave(behaviour);
    await burst(50);
    const flushed = signals.flush();
    const [first, second] = [signals.shutdown(), signals.shutdown()];
    expect(second).toBe(first);
    expect(await Promise.all([first, second])).toEqual([undefined, undefined]);
    expect(await flushed).toBeUndefined();
    await signals.flush();
    expect(rejections).toEqual([]);
  });
});

describe('a collector that hangs at the end', () => {
  test('has been given up, and that has been said, when shutdown() settles, however short the budget', async () => {
    const receiver = await startReceiver();
    const { get, signals, lines } = await startService(
      { ...settings(receiver), OTEL_EXPORTER_OTLP_TIMEOUT: '600000', OTEL_METRICS_EXPORTER: 'none' },
      { shutdown: { budgetMs: 500 } },
    );
    await receiver.behave('hang');
    await get();
    await signals.shutdown();
    expect(lines).toEqual([expect.stringContaining('spans: no answer before the shutdown')]);
  });
});

describe('a collector that is overloaded for a moment', () => {
  test.each([429, 503])('and answers %d with Retry-After gets everything later', async (status) => {
    const receiver = await startReceiver();
    const { burst, signals, lines } = await startService({
      ...settings(receiver),
      OTEL_EXPORTER_OTLP_TIMEOUT: '10000',
    });
    await receiver.behave({ status, headers: { 'retry-after': '0' } }, 3);
    await burst(50);
    await signals.flush();
    expect(receiver.spans()).toHaveLength(50);
    expect(droppedIn(receiver)).toEqual({});
    expect(lines).toEqual([]);
  });
});
