import { expect, test, vi } from 'vitest';
import { createPaces, ExportPace } from '../../src/export/export-pace.js';
import { PeriodicReader } from '../../src/export/periodic-reader.js';
import { createDropped } from '../../src/metrics/dropped.js';
import { createFakeClock } from '../support/fake-clock.js';
import { startOtlpReceiver } from '../support/otlp-receiver.js';
import { startService } from './support/service.js';

const asking = (value: string) => ({ 'golden-signals-export-interval': value });

test('a collector makes exports more frequent than they are set, within bounds, and never less', () => {
  const pace = new ExportPace();
  expect(pace.within(60_000)).toBe(60_000);
  pace.follow(asking('2000'));
  expect(pace.within(60_000)).toBe(2_000);
  expect(pace.within(500)).toBe(500);
  pace.follow(asking('1'));
  expect(pace.within(60_000)).toBe(1_000);
  for (const nonsense of ['-1', 'soon', '', '1e9', '99999999999']) {
    pace.follow(asking('1000'));
    pace.follow(asking(nonsense));
    expect(pace.within(60_000), nonsense).toBe(60_000);
  }
});

test('once no answer asks for it, or none comes, exports are as they are set', () => {
  const pace = new ExportPace();
  pace.follow(asking('1000'));
  pace.follow({});
  expect(pace.within(60_000)).toBe(60_000);
  pace.follow(asking('1000'));
  pace.follow(undefined);
  expect(pace.within(60_000)).toBe(60_000);
});

test('each collector has its own', () => {
  const paceOf = createPaces();
  paceOf('http://a').follow(asking('1000'));
  expect(paceOf('http://a').within(60_000)).toBe(1_000);
  expect(paceOf('http://b').within(60_000)).toBe(60_000);
});

test('a reader that waits for a minute follows at once, and goes back', async () => {
  const timers = createFakeClock();
  const pace = new ExportPace();
  let collected = 0;
  const reader = new PeriodicReader({
    createExporter: async () => ({ export: (_items, done) => done({ code: 0 }), shutdown: async () => {} }),
    intervalMs: 60_000,
    firstDelayMs: 60_000,
    exportTimeoutMs: 30_000,
    temporality: 'cumulative',
    dropped: createDropped(),
    outage: { failed: () => {}, succeeded: () => {} },
    timers,
    pace,
  });
  reader.setMetricProducer({
    async collect() {
      collected += 1;
      return { resourceMetrics: { scopeMetrics: [] } as never, errors: [] };
    },
  });
  await timers.advance(5_000);
  pace.follow(asking('1000'));
  await timers.advance(3_000);
  expect(collected).toBe(3);
  pace.follow(undefined);
  await timers.advance(59_000);
  expect(collected).toBe(3);
  await timers.advance(1_000);
  expect(collected).toBe(4);
  await reader.shutdown();
  const after = collected;
  pace.follow(asking('1000'));
  await timers.advance(60_000);
  expect(collected).toBe(after);
});

test('a service whose collector asks for it exports its metrics soon after its spans', async () => {
  const receiver = await startOtlpReceiver({ behaviour: { status: 200, headers: asking('1000') } });
  try {
    const { get } = await startService({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_BSP_SCHEDULE_DELAY: '50',
    });
    await get();
    // The first comes soon in any case, the second after a minute unless it is asked for.
    const exported = () => receiver.requests.filter(({ path }) => path === '/v1/metrics');
    await vi.waitFor(() => expect(exported().length).toBeGreaterThan(1), { timeout: 50_000 });
  } finally {
    await receiver.close();
  }
});
