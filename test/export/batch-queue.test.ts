import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Batch, ListBatch } from '../../src/export/batch.js';
import { BatchQueue } from '../../src/export/batch-queue.js';
import { createDropped } from '../../src/metrics/dropped.js';
import { createFakeClock, settled } from '../support/fake-clock.js';
import { createHeldExporter, spanNamed } from './support/exporters.js';

function create(given: Partial<{ max: number; batch: number; exporters: number; first: number }> = {}) {
  const { max = 10, batch = 3, exporters: count = 1, first: firstDelayMs = 5_000 } = given;
  const delays = { scheduleDelayMs: 5_000, firstDelayMs, exportTimeoutMs: 30_000 };
  const timers = createFakeClock();
  const dropped = createDropped();
  const said: string[] = [];
  const exporters = Array.from({ length: count }, () => createHeldExporter<ReadableSpan[]>());
  let created = 0;
  const queue = new BatchQueue<ReadableSpan>({
    createBatch: (maxSize) => new ListBatch(maxSize),
    config: { maxQueueSize: max, maxExportBatchSize: batch, ...delays },
    createExporters: async () => {
      created += 1;
      return exporters;
    },
    dropped,
    outage: { failed: (reason) => said.push(reason), succeeded: () => said.push('ok') },
    timers,
    gather() {
      const spans = putOff;
      putOff = 0;
      add(spans);
    },
  });
  let putOff = 0;
  let next = 0;
  const exporter = exporters[0] as (typeof exporters)[number];
  const add = (spans: number) => {
    for (let index = 0; index < spans; index += 1) {
      next += 1;
      queue.add(spanNamed(String(next)));
    }
  };
  return {
    queue,
    timers,
    dropped,
    said,
    exporter,
    exporters,
    created: () => created,
    add,
    /** Spans that somebody holds back until they are asked for. */
    putOff(spans: number) {
      putOff += spans;
    },
    /** The names in each export. */
    exported: () => exporter.exports.map((spans) => spans.map(({ name }) => name).join(' ')),
    async end(result?: Error) {
      exporter.end(result);
      await settled();
    },
  };
}

/** Whether a promise has settled, once everything that can has. */
async function hasSettled(promise: Promise<unknown>): Promise<boolean> {
  let is = false;
  promise.then(() => {
    is = true;
  });
  await settled();
  return is;
}

describe('when', () => {
  test('a lone span leaves after the schedule delay, counted from the first that waits', async () => {
    const { add, timers, exported, created } = create();
    add(1);
    await timers.advance(4_000);
    add(1);
    expect(created()).toBe(0);
    await timers.advance(999);
    expect(exported()).toEqual([]);
    await timers.advance(1);
    expect(exported()).toEqual(['1 2']);
  });

  test('the very first leaves sooner, if it is to', async () => {
    const { add, timers, exported, end } = create({ first: 1_000 });
    add(1);
    await timers.advance(999);
    expect(exported()).toEqual([]);
    await timers.advance(1);
    expect(exported()).toEqual(['1']);
    add(1);
    await end(new Error('no'));
    await timers.advance(4_999);
    expect(exported()).toEqual(['1']);
    await timers.advance(1);
    expect(exported()).toEqual(['1', '2']);
  });

  test('a full batch leaves at once, and leaves no timer behind', async () => {
    const { add, timers, exported } = create();
    add(2);
    expect(timers.pending).toBe(1);
    add(1);
    await settled();
    expect(exported()).toEqual(['1 2 3']);
    // The time-out of the export.
    expect(timers.pending).toBe(1);
  });

  test('there is one export at a time, and full batches follow each other without delay', async () => {
    const { add, exported, exporter, end } = create();
    add(8);
    await settled();
    expect(exporter.underWay).toBe(1);
    await end();
    expect(exported()).toEqual(['1 2 3', '4 5 6']);
    expect(exporter.underWay).toBe(1);
  });

  test('what is left of a batch waits for the schedule delay after the export', async () => {
    const { add, timers, exported, end } = create();
    add(4);
    await timers.advance(6_000);
    expect(exported()).toEqual(['1 2 3']);
    await end();
    await timers.advance(4_999);
    expect(exported()).toHaveLength(1);
    await timers.advance(1);
    expect(exported()).toEqual(['1 2 3', '4']);
  });

  test('nothing waits and no timer is set once everything has left', async () => {
    const { queue, add, timers, end } = create();
    add(3);
    await settled();
    await end();
    expect(queue.length).toBe(0);
    expect(timers.pending).toBe(0);
  });

  test('the exporters are made once, at the first export', async () => {
    const { add, end, created } = create();
    add(3);
    await settled();
    await end();
    add(3);
    await settled();
    expect(created()).toBe(1);
  });
});

describe('what does not fit', () => {
  test('the queue holds exactly as many as it may beside the batch under way, and counts the rest', async () => {
    const { queue, add, dropped } = create({ max: 10, batch: 3 });
    add(3);
    await settled();
    add(10);
    expect(queue.length).toBe(10);
    expect(dropped.count('queue_full')).toBe(0);
    add(2);
    expect(queue.length).toBe(10);
    expect(dropped.count('queue_full')).toBe(2);
  });

  test('there is room again as soon as a batch has been taken', async () => {
    const { queue, add, dropped, end } = create({ max: 4, batch: 3 });
    add(7);
    await settled();
    await end();
    add(3);
    expect(queue.length).toBe(4);
    expect(dropped.count('queue_full')).toBe(0);
  });

  test('a batch as large as the queue still leaves when it is full', async () => {
    const { add, exported, dropped } = create({ max: 3, batch: 3 });
    add(3);
    await settled();
    expect(exported()).toEqual(['1 2 3']);
    expect(dropped.count('queue_full')).toBe(0);
  });
});

describe('a failed export', () => {
  test('costs its batch, which is counted, and not the next one', async () => {
    const { add, dropped, exported, said, end } = create();
    add(6);
    await settled();
    await end(new Error('no'));
    await end();
    expect(exported()).toEqual(['1 2 3', '4 5 6']);
    expect(dropped.count('export_failed')).toBe(3);
    expect(said).toEqual(['no', 'ok']);
  });

  test('is one that gets no answer within the export time-out', async () => {
    const { add, timers, dropped, said, exported } = create();
    add(6);
    await timers.advance(29_999);
    expect(said).toEqual([]);
    await timers.advance(1);
    expect(said).toEqual(['no answer within 30000 ms']);
    expect(dropped.count('export_failed')).toBe(3);
    expect(exported()).toHaveLength(2);
  });

  test('is ignored when it reports a second time', async () => {
    const { add, timers, exporter, dropped, said } = create();
    add(3);
    await timers.advance(30_000);
    exporter.end();
    await settled();
    expect(said).toHaveLength(1);
    expect(dropped.count('export_failed')).toBe(3);
  });

  test('may be an exporter that throws', async () => {
    const { add, exporter, dropped, said } = create();
    exporter.export = () => {
      throw new Error('broken');
    };
    add(3);
    await settled();
    expect(said).toEqual(['broken']);
    expect(dropped.count('export_failed')).toBe(3);
  });

  test('of one of two exporters is a failure of the batch, counted once', async () => {
    const { add, exporters, dropped } = create({ exporters: 2 });
    add(3);
    await settled();
    exporters[0]?.end();
    exporters[1]?.end(new Error('no'));
    await settled();
    expect(dropped.count('export_failed')).toBe(3);
  });

  test('for want of an exporter is counted as well', async () => {
    const timers = createFakeClock();
    const dropped = createDropped();
    const queue = new BatchQueue<ReadableSpan>({
      createBatch: (maxSize) => new ListBatch(maxSize),
      config: {
        maxQueueSize: 2,
        maxExportBatchSize: 1,
        scheduleDelayMs: 0,
        firstDelayMs: 0,
        exportTimeoutMs: 1,
      },
      createExporters: () => Promise.reject(Object.assign(new Error('no'), { code: 'MODULE_NOT_FOUND' })),
      dropped,
      outage: { failed() {}, succeeded() {} },
      timers,
    });
    queue.add(spanNamed('1'));
    await queue.flush();
    await queue.close();
    expect(dropped.count('export_failed')).toBe(1);
  });
});

describe('spans that cannot be written', () => {
  /** A batch of numbers in which those below 0 cannot be exported. */
  class Positive implements Batch<number, number[]> {
    readonly #all: number[] = [];
    failed = 0;

    get size(): number {
      return this.#all.length;
    }

    add(item: number): void {
      this.#all.push(item);
    }

    take(): number[] {
      const fit = this.#all.filter((item) => item >= 0);
      this.failed = this.#all.length - fit.length;
      return fit;
    }
  }

  function createPositive() {
    const exporter = createHeldExporter<number[]>();
    const dropped = createDropped();
    const said: string[] = [];
    const queue = new BatchQueue<number>({
      createBatch: () => new Positive(),
      config: {
        maxQueueSize: 10,
        maxExportBatchSize: 3,
        scheduleDelayMs: 5_000,
        firstDelayMs: 5_000,
        exportTimeoutMs: 30_000,
      },
      createExporters: async () => [exporter],
      dropped,
      outage: { failed: (reason) => said.push(reason), succeeded: () => said.push('ok') },
      timers: createFakeClock(),
    });
    return { queue, exporter, dropped, said };
  }

  test('are counted once, whether the others of their batch arrive or not', async () => {
    const { queue, exporter, dropped, said } = createPositive();
    for (const item of [1, -1, 2]) queue.add(item);
    await settled();
    exporter.end();
    await settled();
    expect(exporter.exports).toEqual([[1, 2]]);
    expect(dropped.count('export_failed')).toBe(1);

    for (const item of [3, 4, -1]) queue.add(item);
    await settled();
    exporter.end(new Error('no'));
    await settled();
    expect(dropped.count('export_failed')).toBe(4);
    expect(said).toEqual(['ok', 'no']);
  });

  test('are no export where there is nothing else, and a flush ends', async () => {
    const { queue, exporter, dropped, said } = createPositive();
    queue.add(-1);
    await queue.flush();
    expect(exporter.exports).toEqual([]);
    expect(dropped.count('export_failed')).toBe(1);
    expect(said).toEqual([]);
    queue.add(1);
    const flushed = queue.flush();
    await settled();
    exporter.end();
    expect(await hasSettled(flushed)).toBe(true);
    expect(exporter.exports).toEqual([[1]]);
  });
});

describe('flush', () => {
  test('exports everything that waits, in batches, one at a time', async () => {
    const { queue, add, exported, exporter, end } = create();
    add(2);
    const flushed = queue.flush();
    await settled();
    expect(exported()).toEqual(['1 2']);
    expect(await hasSettled(flushed)).toBe(false);
    await end();
    expect(await hasSettled(flushed)).toBe(true);
    expect(exporter.underWay).toBe(0);
  });

  test('of nothing settles at once and makes no exporter', async () => {
    const { queue, created } = create();
    await queue.flush();
    expect(created()).toBe(0);
  });

  test('during an export exports what waits behind it', async () => {
    const { queue, add, exported, end } = create();
    add(5);
    await settled();
    const flushed = queue.flush();
    await end();
    expect(exported()).toEqual(['1 2 3', '4 5']);
    expect(await hasSettled(flushed)).toBe(false);
    await end();
    expect(await hasSettled(flushed)).toBe(true);
  });

  test('goes on when the export that was under way fails', async () => {
    const { queue, add, exported, end } = create();
    add(5);
    await settled();
    const flushed = queue.flush();
    await end(new Error('no'));
    expect(exported()).toEqual(['1 2 3', '4 5']);
    await end();
    expect(await hasSettled(flushed)).toBe(true);
  });

  test('stops at the first of its own batches that fails, and leaves the rest waiting', async () => {
    const { queue, add, timers, exported, end } = create({ max: 20 });
    add(3);
    await settled();
    add(8);
    const flushed = queue.flush();
    await end();
    await end(new Error('no'));
    expect(await hasSettled(flushed)).toBe(true);
    // What is full goes on leaving by itself.
    expect(exported()).toEqual(['1 2 3', '4 5 6', '7 8 9']);
    await end();
    await timers.advance(5_000);
    expect(exported()[3]).toBe('10 11');
  });

  test('does not wait for spans that come later', async () => {
    const { queue, add, exported, end } = create();
    add(2);
    const flushed = queue.flush();
    await settled();
    add(1);
    await end();
    expect(await hasSettled(flushed)).toBe(true);
    expect(exported()).toEqual(['1 2']);
  });

  test('twice at once exports nothing twice, and both settle', async () => {
    const { queue, add, exported, exporter, end } = create();
    add(2);
    const flushes = [queue.flush(), queue.flush()];
    await settled();
    expect(exporter.underWay).toBe(1);
    await end();
    await Promise.all(flushes);
    expect(exported()).toEqual(['1 2']);
  });

  test('begun later covers what came later', async () => {
    const { queue, add, exported, end } = create();
    add(1);
    const first = queue.flush();
    await settled();
    add(1);
    const second = queue.flush();
    await end();
    expect(await hasSettled(first)).toBe(true);
    expect(await hasSettled(second)).toBe(false);
    await end();
    expect(await hasSettled(second)).toBe(true);
    expect(exported()).toEqual(['1', '2']);
  });
});

describe('what somebody has put off', () => {
  test('leaves with what waits, in as many batches as it takes', async () => {
    const { timers, add, putOff, exported, end } = create();
    add(1);
    putOff(4);
    await timers.advance(5_000);
    await end();
    await timers.advance(5_000);
    expect(exported()).toEqual(['1 2 3', '4 5']);
  });

  test('is flushed', async () => {
    const { queue, putOff, exported, end } = create();
    putOff(2);
    const flushed = queue.flush();
    await settled();
    expect(exported()).toEqual(['1 2']);
    await end();
    expect(await hasSettled(flushed)).toBe(true);
  });

  test('is counted when the queue closes without a flush', async () => {
    const { queue, putOff, dropped } = create();
    putOff(2);
    await queue.close();
    expect(dropped.count('shutdown')).toBe(2);
  });
});

describe('close', () => {
  test('drops and counts what waits, and closes the exporters', async () => {
    const { queue, add, timers, dropped, exporter, end } = create();
    add(3);
    await settled();
    await end();
    add(2);
    await queue.close();
    expect(dropped.count('shutdown')).toBe(2);
    expect(queue.length).toBe(0);
    expect(timers.pending).toBe(0);
    expect(exporter.isShutDown).toBe(true);
  });

  test('gives up the export under way, which ends a flush as well', async () => {
    const { queue, add, dropped } = create();
    add(5);
    const flushed = queue.flush();
    await settled();
    await queue.close();
    expect(await hasSettled(flushed)).toBe(true);
    expect({ failed: dropped.count('export_failed'), left: dropped.count('shutdown') }).toEqual({
      failed: 3,
      left: 2,
    });
  });

  test('counts every span that comes afterwards', async () => {
    const { queue, add, dropped, created } = create();
    await queue.close();
    add(2);
    expect(dropped.count('shutdown')).toBe(2);
    expect(queue.length).toBe(0);
    expect(created()).toBe(0);
  });

  test('without any span leaves no count of nothing', async () => {
    const { queue, dropped } = create();
    await queue.close();
    expect([...dropped.instrument.series]).toEqual([]);
  });
});

describe('whatever happens in whatever order', () => {
  const steps = fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant('add' as const), spans: fc.integer({ min: 1, max: 5 }) }),
      },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('end' as const), fails: fc.boolean() }) },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40_000 }) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
    ),
    { maxLength: 40 },
  );

  test('every span is exported, waiting, or counted as given up; one export at a time; the bounds hold', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 8 }), async (taken, max) => {
        const batch = Math.min(3, max);
        const { queue, add, timers, dropped, exporter, exported, end } = create({ max, batch });
        const flushes: Promise<void>[] = [];
        let added = 0;
        let failed = 0;
        for (const step of taken) {
          if (step.kind === 'add') {
            add(step.spans);
            added += step.spans;
          } else if (step.kind === 'wait') await timers.advance(step.ms);
          else if (step.kind === 'flush') flushes.push(queue.flush());
          else if (exporter.underWay > 0) {
            if (step.fails) failed += 1;
            await end(step.fails ? new Error('no') : undefined);
          }
          await settled();
          const handed = exporter.exports.flat().length;
          expect(handed + queue.length + dropped.count('queue_full')).toBe(added);
          expect(queue.length).toBeLessThanOrEqual(max);
          expect(exporter.exports.every((spans) => spans.length <= batch)).toBe(true);
          // An export that has timed out may still be under way, but nobody waits for it.
          if (!taken.some(({ kind }) => kind === 'wait')) expect(exporter.underWay).toBeLessThanOrEqual(1);
        }
        const names = exported()
          .flatMap((spans) => spans.split(' '))
          .map(Number);
        expect(names).toEqual([...names].sort((a, b) => a - b));
        await queue.close();
        await Promise.all(flushes);
        expect(queue.length).toBe(0);
        expect(timers.pending).toBe(0);
        expect(dropped.count('export_failed')).toBeGreaterThanOrEqual(failed);
      }),
      { numRuns: 200 },
    );
  });
});
