import { expect, test } from 'vitest';
import type { LogEntry } from '../../src/context/log-entry.js';
import { ListBatch } from '../../src/export/batch.js';
import { BatchQueue } from '../../src/export/batch-queue.js';
import { LogPipeline } from '../../src/export/log-pipeline.js';
import { createDropped } from '../../src/metrics/dropped.js';
import { createFakeClock, settled } from '../support/fake-clock.js';
import { createHeldExporter } from './support/exporters.js';

function create() {
  const clock = createFakeClock();
  const dropped = createDropped();
  const exporter = createHeldExporter<LogEntry[]>();
  const queue = new BatchQueue<LogEntry>({
    createBatch: (maxSize) => new ListBatch(maxSize),
    config: {
      maxQueueSize: 10,
      maxExportBatchSize: 5,
      scheduleDelayMs: 1_000,
      firstDelayMs: 1_000,
      exportTimeoutMs: 30_000,
    },
    createExporters: async () => [exporter],
    dropped,
    outage: { failed() {}, succeeded() {} },
    timers: clock,
  });
  const pipeline = new LogPipeline({ queue, clock, onFault() {} });
  const bodies = () => exporter.exports.map((batch) => batch.map((entry) => entry.content().body));
  return { pipeline, exporter, dropped, bodies };
}

test('shutdown() exports what is logged during its last export, too, and counts what comes after that', async () => {
  const { pipeline, exporter, dropped, bodies } = create();
  const logger = pipeline.getLogger('x');
  logger.emit({ body: 'before' });
  const ended = pipeline.shutdown(10_000);
  await settled();
  logger.emit({ body: 'during' });
  exporter.end();
  await settled();
  logger.emit({ body: 'too late' });
  exporter.end();
  await ended;
  expect(bodies()).toEqual([['before'], ['during']]);
  expect(dropped.count('shutdown')).toBe(1);
});

test('a logger is the same for the same name and version, so that its records stay one group', () => {
  const { pipeline } = create();
  expect(pipeline.getLogger('a', '1')).toBe(pipeline.getLogger('a', '1'));
  expect(pipeline.getLogger('a', '2')).not.toBe(pipeline.getLogger('a', '1'));
  expect(pipeline.getLogger('a')).not.toBe(pipeline.getLogger('a', '1'));
});

test('a record is read when it is emitted: what its maker changes afterwards is not in it', async () => {
  const { pipeline, exporter, bodies } = create();
  const record = { body: { step: 1 }, attributes: { a: 1 } };
  pipeline.getLogger('x').emit(record);
  record.body.step = 2;
  record.attributes.a = 2;
  void pipeline.flush();
  await settled();
  expect(bodies()).toEqual([[{ step: 1 }]]);
  expect(exporter.exports[0]?.[0]?.content().attributes.attributes).toEqual({ a: 1 });
  exporter.end();
});
