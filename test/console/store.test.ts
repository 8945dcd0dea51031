import { setTimeout as wait } from 'node:timers/promises';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Receiver } from '../../src/console/receive/receiver.js';
import { traceWords } from '../../src/console/receive/words.js';
import { Store } from '../../src/console/store/store.js';
import { TraceSet } from '../../src/console/store/trace-set.js';
import { type GivenSpan, spansRequest, traceId } from './support/spans.js';

const startMs = 1_800_000_000_000;

function storeOf(maxBytes: number) {
  const store = new Store({ maxBytes, slowMs: 3_000, startMs, now: Date.now });
  const receiver = new Receiver({
    store,
    onSpan: () => undefined,
    onLog: () => undefined,
    onMetrics: () => 0,
    onTaken: () => undefined,
  });
  let count = 0;
  return {
    store,
    /** That many spans, each a trace of its own, with something in them that cannot be compressed away. */
    fill(service: string, spans: number, more: Partial<GivenSpan> = {}) {
      for (let from = 0; from < spans; from += 200) {
        const batch = Array.from({ length: Math.min(200, spans - from) }, () => {
          count += 1;
          return {
            id: `s${count}`,
            trace: `t${count}`,
            start: startMs + count,
            ms: 1,
            attributes: { note: `${count} ${'x'.repeat(3_000)}` },
            ...more,
          };
        });
        receiver.take('traces', 'json', Buffer.from(JSON.stringify(spansRequest(service, batch))));
      }
    },
  };
}

describe('a store within its bytes', () => {
  test('drops the oldest, says so, and knows since when it holds what', () => {
    const { store, fill } = storeOf(16 * 2 ** 20);
    fill('a', 12_000);
    const status = store.status();
    expect(status.bytes).toBeLessThanOrEqual(16 * 2 ** 20);
    expect(status.spans + status.droppedSpans).toBe(12_000);
    expect(status.droppedSpans).toBeGreaterThan(0);
    expect(status.sinceMs).toBe(startMs + status.droppedSpans + 1);
  });

  test('one noisy service takes nothing from a quiet one', () => {
    const { store, fill } = storeOf(16 * 2 ** 20);
    fill('quiet', 500);
    fill('noisy', 12_000);
    const services = Object.fromEntries(store.status().services.map((one) => [one.service, one]));
    expect(services.quiet).toMatchObject({ spans: 500, droppedSpans: 0 });
    expect(services.noisy?.droppedSpans).toBeGreaterThan(0);
  });

  test('traces that failed or were slow outlive the others of their time, with all their spans', () => {
    const { store, fill } = storeOf(16 * 2 ** 20);
    fill('a', 1, { trace: 'failed', id: 'f', failed: true });
    fill('a', 1, { trace: 'failed', id: 'fine' });
    fill('b', 1, { trace: 'failed', id: 'elsewhere' });
    fill('a', 1, { trace: 'slow', id: 's', ms: 3_001 });
    fill('a', 1, { trace: 'ordinary', id: 'o' });
    fill('a', 12_000);
    fill('b', 12_000);
    const held = (name: string) => store.ofTrace('spans', traceWords(traceId(name)) as never).length;
    expect({ failed: held('failed'), slow: held('slow'), ordinary: held('ordinary') }).toEqual({
      failed: 3,
      slow: 1,
      ordinary: 0,
    });
  });

  test('what matters does not take all of it', () => {
    const { store, fill } = storeOf(16 * 2 ** 20);
    fill('a', 15_000, { failed: true });
    const status = store.status();
    expect(status.bytes).toBeLessThanOrEqual(16 * 2 ** 20);
    const [a] = status.services;
    expect(a?.keptSpans).toBeGreaterThan(0);
    expect(a?.keptSpans).toBeLessThan(0.5 * status.spans);
  });

  test('spans read the same when they have been compressed', async () => {
    const { store, fill } = storeOf(64 * 2 ** 20);
    fill('a', 2_000);
    const before = store.bytes;
    const texts = () =>
      [1, 177, 600].map((count) => {
        const [ref] = store.ofTrace('spans', traceWords(traceId(`t${count}`)) as never);
        return ref?.segment.rest(ref.row).toString('utf8') ?? '';
      });
    const first = texts();
    expect(first[1]).toContain('177 xxx');
    const deadline = Date.now() + 10_000;
    while (store.bytes > before / 2 && Date.now() < deadline) await wait(10);
    expect(store.bytes).toBeLessThan(before / 2);
    expect(texts()).toEqual(first);
  });
});

describe('a set of traces', () => {
  test('knows the newest, in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 200 }), (ids) => {
        const set = new TraceSet(8);
        const model: number[] = [];
        for (const id of ids) {
          set.add(0, 0, id, id * 7);
          if (!model.includes(id)) model.push(id);
          if (model.length > 8) model.shift();
        }
        for (let id = 1; id <= 40; id += 1)
          if (model.includes(id)) expect(set.has(0, 0, id, id * 7)).toBe(true);
        expect(set.has(1, 0, 5, 35)).toBe(false);
      }),
    );
  });
});
