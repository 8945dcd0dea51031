import { gunzipSync } from 'node:zlib';
import type { CollectionResult } from '@opentelemetry/sdk-metrics';
import { describe, expect, test } from 'vitest';
import { Scrapes, type ScrapesParts } from '../../../src/export/prometheus/scrapes.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { counter, exponentialHistogram, gauge, ownScope, resourceMetrics } from './support/metrics.js';
import { parse } from './support/parse.js';

const openMetrics = 'application/openmetrics-text;version=1.0.0';

function create(parts: Partial<ScrapesParts> = {}) {
  const clock = createFakeClock();
  const faults: string[] = [];
  const lines = new Map<string, string>();
  let collections = 0;
  const scrapes = new Scrapes({
    async collect() {
      collections += 1;
      const metrics = [counter({ name: 'scraped' }, [[{ text: 'x'.repeat(1_000) }, collections]])];
      return { resourceMetrics: resourceMetrics(metrics), errors: [] };
    },
    scopeName: ownScope,
    clock,
    timers: clock,
    onFault: (place, error) => void faults.push(`${place}: ${String(error)}`),
    warnOnce: (key, message) => void lines.set(key, message),
    ...parts,
  });
  const value = async (accept?: string) => {
    const { body } = await scrapes.answer(accept, undefined);
    return Number(/^scraped_total\{.*\} (\d+)$/m.exec(Buffer.from(body).toString())?.[1]);
  };
  return { scrapes, clock, faults, lines, value, collections: () => collections };
}

describe('a scrape', () => {
  test('says what it is and that nobody may keep it', async () => {
    const { scrapes } = create();
    const text = await scrapes.answer(undefined, undefined);
    expect(text).toMatchObject({
      status: 200,
      headers: {
        'Content-Type': 'text/plain; version=0.0.4; charset=utf-8',
        'Content-Length': String(text.body.length),
        'Cache-Control': 'no-store',
        Vary: 'Accept, Accept-Encoding',
      },
    });
    parse(Buffer.from(text.body).toString(), 'text');
    const open = await scrapes.answer(openMetrics, undefined);
    expect(open.headers['Content-Type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    parse(Buffer.from(open.body).toString(), 'openmetrics');
  });

  test('is zipped for whom it may be, and for nobody else', async () => {
    const { scrapes } = create();
    const plain = await scrapes.answer(undefined, 'br');
    expect(plain.headers['Content-Encoding']).toBeUndefined();
    const zipped = await scrapes.answer(undefined, 'gzip');
    expect(zipped.headers).toMatchObject({
      'Content-Encoding': 'gzip',
      'Content-Length': String(zipped.body.length),
    });
    expect(zipped.body.length).toBeLessThan(plain.body.length);
    expect(gunzipSync(zipped.body)).toEqual(plain.body);
  });

  test('is collected once for all who come at the same time', async () => {
    const { value, collections } = create();
    expect(await Promise.all([value(), value(), value()])).toEqual([1, 1, 1]);
    expect(collections()).toBe(1);
  });

  test('is shared for 500 ms, and collected anew afterwards', async () => {
    const { value, clock } = create();
    expect(await value()).toBe(1);
    await clock.advance(499);
    expect(await value()).toBe(1);
    await clock.advance(1);
    expect(await value()).toBe(2);
  });

  test('is kept no longer than that', async () => {
    const { value, clock } = create();
    await value();
    expect(clock.pending).toBe(1);
    await clock.advance(500);
    expect(clock.pending).toBe(0);
  });

  test('that took longer than that is shared by those who waited, and by nobody else', async () => {
    let finish: (() => void)[] = [];
    const { value, clock, scrapes } = create({
      collect: () =>
        new Promise<CollectionResult>((resolve) => {
          finish.push(() =>
            resolve({
              resourceMetrics: resourceMetrics([counter({ name: 'scraped' }, [[{ a: 1 }, 1]])]),
              errors: [],
            }),
          );
        }),
    });
    const first = scrapes.answer(undefined, undefined);
    await clock.advance(10_000);
    const second = scrapes.answer(undefined, undefined);
    expect(finish).toHaveLength(1);
    finish[0]?.();
    await Promise.all([first, second]);
    finish = [];
    const third = value();
    expect(finish).toHaveLength(1);
    finish[0]?.();
    expect(await third).toBe(1);
  });

  test('that fails says so to the scraper, is a fault, and the next is tried', async () => {
    let isBroken = true;
    const { scrapes, faults } = create({
      async collect() {
        if (isBroken) throw new Error('secret reason');
        return { resourceMetrics: resourceMetrics([]), errors: [] };
      },
    });
    const answer = await scrapes.answer(undefined, undefined);
    expect([answer.status, Buffer.from(answer.body).toString()]).toEqual([
      500,
      'the metrics could not be collected\n',
    ]);
    expect(faults).toEqual(['metrics.scrape: Error: secret reason']);
    isBroken = false;
    expect((await scrapes.answer(undefined, undefined)).status).toBe(200);
  });

  test('goes on without an instrument of the user that failed', async () => {
    const { scrapes, lines } = create({
      collect: async () => ({
        resourceMetrics: resourceMetrics([gauge({ name: 'fine' }, [[{}, 1]])]),
        errors: [new Error('no temperature')],
      }),
    });
    const { body } = await scrapes.answer(undefined, undefined);
    expect(Buffer.from(body).toString()).toContain('\nfine 1\n');
    expect([...lines.values()]).toEqual([
      'a metric of the application could not be collected for a scrape: Error: no temperature',
    ]);
  });

  test('tells of what has no place in it', async () => {
    const { scrapes, lines } = create({
      collect: async () => ({
        resourceMetrics: resourceMetrics([
          exponentialHistogram({ name: 'exp' }),
          gauge({ name: 'twice' }, [
            [{ a: 1 }, 1],
            [{ a: '1' }, 2],
          ]),
        ]),
        errors: [],
      }),
    });
    await scrapes.answer(undefined, undefined);
    expect([...lines.values()]).toEqual([
      'exp is not in the scrape: it is an exponential histogram, for which the text formats have no place',
      'twice has series that read the same in Prometheus: the first goes out',
    ]);
  });

  test('is cut off at its limit, and still whole', async () => {
    const points = Array.from({ length: 5_000 }, (_, index) => [{ index }, 1] as const);
    const all = resourceMetrics([gauge({ name: 'many' }, points)]);
    const { scrapes, lines } = create({
      collect: async () => ({ resourceMetrics: all, errors: [] }),
      maxBytes: 80_000,
    });
    const { body } = await scrapes.answer(openMetrics, undefined);
    const many = parse(Buffer.from(body).toString(), 'openmetrics').find(({ name }) => name === 'many');
    expect(many?.samples.length).toBeGreaterThan(1_000);
    expect(many?.samples.length).toBeLessThan(5_000);
    expect([...lines.values()]).toEqual(['the scrape is cut off at 80000 bytes: there are too many series']);
  });
});
