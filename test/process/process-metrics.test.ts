import { PerformanceObserver } from 'node:perf_hooks';
import { MetricReader } from '@opentelemetry/sdk-metrics';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { instrument, type Options } from '../../src/index.js';

class PullReader extends MetricReader {
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}

  /** The numbers of a metric, by the value of its only attribute. */
  async read(): Promise<Map<string, Record<string, number>>> {
    const { resourceMetrics } = await this.collect();
    const all = new Map<string, Record<string, number>>();
    for (const { descriptor, dataPoints } of resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)) {
      const byAttribute: Record<string, number> = {};
      for (const { attributes, value } of dataPoints) {
        const [key = ''] = Object.values(attributes).map(String);
        byAttribute[key] = typeof value === 'number' ? value : (value as { count: number }).count;
      }
      all.set(descriptor.name, byAttribute);
    }
    return all;
  }
}

function start(options: Options = {}, readers = [new PullReader()]) {
  vi.stubEnv('OTEL_METRICS_EXPORTER', 'none');
  vi.stubEnv('OTEL_TRACES_EXPORTER', 'none');
  const signals = instrument(undefined, { metrics: { readers }, ...options });
  vi.unstubAllEnvs();
  onTestFinished(() => signals.shutdown());
  return { signals, readers };
}

const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** Waits until what is asked for is there; the test's own time-out ends it. */
async function until<T>(find: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    await rest(20);
  }
}

describe('the metrics of the process', () => {
  test('show a blocked event loop to each of two readers', async () => {
    const { readers } = start({}, [new PullReader(), new PullReader()]);
    const [one, other] = readers as [PullReader, PullReader];
    await rest(100);
    block(400);
    await rest(100);
    const first = await one.read();
    const second = await other.read();
    for (const metrics of [first, second]) {
      expect(metrics.get('nodejs.eventloop.delay.max')?.['']).toBeGreaterThanOrEqual(0.35);
      expect(metrics.get('nodejs.eventloop.delay.min')?.['']).toBeLessThan(0.35);
      expect(metrics.get('nodejs.eventloop.utilization')?.['']).toBeGreaterThan(0);
    }
  });

  test('show a block whose end is the reading itself', async () => {
    const { readers } = start();
    await rest(100);
    block(400);
    const metrics = await (readers[0] as PullReader).read();
    expect(metrics.get('nodejs.eventloop.delay.max')?.['']).toBeGreaterThanOrEqual(0.3);
  });

  test('have the CPU time that Node gives, in seconds, and the time of the event loop', async () => {
    const { readers } = start();
    const before = process.cpuUsage();
    const metrics = await (readers[0] as PullReader).read();
    const after = process.cpuUsage();
    const { user = 0 } = metrics.get('process.cpu.time') ?? {};
    expect(user).toBeGreaterThanOrEqual(before.user / 1e6);
    expect(user).toBeLessThanOrEqual(after.user / 1e6);
    const { active = 0, idle = 0 } = metrics.get('nodejs.eventloop.time') ?? {};
    expect(active + idle).toBeLessThanOrEqual(performance.now() / 1_000);
    expect(active).toBeGreaterThan(0);
  });

  test('count each garbage collection once in each service, however many services there are', async () => {
    const observe = vi.spyOn(PerformanceObserver.prototype, 'observe');
    onTestFinished(() => observe.mockRestore());
    const one = start().readers[0] as PullReader;
    const other = start().readers[0] as PullReader;
    expect(observe).toHaveBeenCalledTimes(1);
    const counts = await until(async () => {
      // What is short-lived makes the collector of the young generation run.
      const garbage: unknown[] = [];
      for (let i = 0; i < 200_000; i++) garbage.push({ i });
      await rest(20);
      const [before, between, after] = [await one.read(), await other.read(), await one.read()].map(
        (metrics) => metrics.get('v8js.gc.duration')?.minor ?? 0,
      ) as [number, number, number];
      return before > 0 ? { before, between, after } : undefined;
    });
    // What one service has counted before and after is what the other one has counted in between.
    expect(counts.between).toBeGreaterThanOrEqual(counts.before);
    expect(counts.between).toBeLessThanOrEqual(counts.after);
  });

  test('have each space of the heap, and the size at which it is full', async () => {
    const metrics = await (start().readers[0] as PullReader).read();
    for (const name of ['used', 'space.size', 'space.available_size', 'space.physical_size']) {
      const spaces = metrics.get(`v8js.memory.heap.${name}`) ?? {};
      expect(Object.keys(spaces)).toEqual(expect.arrayContaining(['new_space', 'old_space', 'code_space']));
    }
    expect(metrics.get('v8js.memory.heap.used')?.old_space).toBeGreaterThan(1e6);
    expect(metrics.get('golden_signals.v8js.memory.heap.limit')?.['']).toBeGreaterThan(1e7);
  });

  test('count what keeps the event loop alive', async () => {
    const reader = start().readers[0] as PullReader;
    const timers = Array.from({ length: 50 }, () => setTimeout(() => {}, 60_000));
    const during = await reader.read();
    for (const timer of timers) clearTimeout(timer);
    expect(during.get('v8js.resource.active')?.Timeout).toBeGreaterThanOrEqual(50);
  });

  test.runIf(process.platform === 'linux')('say how many files are open and how many may be', async () => {
    const metrics = await (start().readers[0] as PullReader).read();
    const open = metrics.get('process.unix.file_descriptor.count')?.[''] ?? 0;
    const limit = metrics.get('golden_signals.process.unix.file_descriptor.limit')?.[''];
    expect(open).toBeGreaterThan(3);
    if (limit !== undefined) expect(open).toBeLessThan(limit);
    expect(metrics.get('process.thread.count')?.['']).toBeGreaterThan(4);
    expect(metrics.get('process.memory.virtual')?.['']).toBeGreaterThan(
      metrics.get('process.memory.usage')?.[''] as number,
    );
  });

  test('are none where there are no metrics', () => {
    const observe = vi.spyOn(PerformanceObserver.prototype, 'observe');
    onTestFinished(() => observe.mockRestore());
    start({ metrics: false });
    expect(observe).not.toHaveBeenCalled();
  });

  test('leave no observer behind when the last service is over', async () => {
    const disconnect = vi.spyOn(PerformanceObserver.prototype, 'disconnect');
    onTestFinished(() => disconnect.mockRestore());
    const [one, other] = [start().signals, start().signals];
    await one.shutdown();
    expect(disconnect).not.toHaveBeenCalled();
    await other.shutdown();
    expect(disconnect).toHaveBeenCalledTimes(1);
    await other.shutdown();
    expect(disconnect).toHaveBeenCalledTimes(1);
  });
});
