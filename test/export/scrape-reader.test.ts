import { resourceFromAttributes } from '@opentelemetry/resources';
import { type CollectionResult, type DataPoint, MeterProvider } from '@opentelemetry/sdk-metrics';
import { describe, expect, test } from 'vitest';
import { ScrapeReader } from '../../src/export/scrape-reader.js';
import { Sum } from '../../src/metrics/instrument.js';
import { createFakeClock } from '../support/fake-clock.js';

function create() {
  const own = new Sum();
  const reader = new ScrapeReader({
    instruments: () => [
      { kind: 'counter', name: 'ours', description: '', unit: '', series: [{ attributes: {}, value: own }] },
    ],
    scope: { name: 'golden-signals' },
    resource: () => resourceFromAttributes({ 'service.name': 'orders' }),
    clock: createFakeClock(),
    startedAt: [0, 0],
  });
  return { own, reader };
}

const valuesOf = ({ resourceMetrics }: CollectionResult) =>
  Object.fromEntries(
    resourceMetrics.scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .map(({ descriptor, dataPoints }) => [
        descriptor.name,
        (dataPoints as DataPoint<unknown>[]).map(({ value }) => value),
      ]),
  );

describe('the reader for scrapes', () => {
  test('has our own series before the SDK is there, and after it has gone', async () => {
    const { own, reader } = create();
    own.add(2);
    expect(valuesOf(await reader.scrape())).toEqual({ ours: [2] });
    const provider = new MeterProvider({ readers: [reader] });
    provider.getMeter('user').createCounter('theirs').add(3);
    expect(valuesOf(await reader.scrape())).toEqual({ ours: [2], theirs: [3] });
    await provider.shutdown();
    expect(valuesOf(await reader.scrape())).toEqual({ ours: [2] });
  });

  test('is cumulative, also when what the SDK has set aside for it was taken away', async () => {
    const { reader } = create();
    const provider = new MeterProvider({ readers: [reader] });
    const counter = provider.getMeter('user').createCounter('theirs');
    for (let count = 0; count < 35; count += 1) {
      counter.add(1);
      reader.othersCollected();
      // The collection that it may have begun.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(valuesOf(await reader.scrape())).toEqual({ ours: [0], theirs: [35] });
  });

  test('takes what is set aside with every tenth collection of others, unless it is scraped meanwhile', async () => {
    const { reader } = create();
    let collections = 0;
    reader.setMetricProducer({
      async collect() {
        collections += 1;
        return { resourceMetrics: { resource: resourceFromAttributes({}), scopeMetrics: [] }, errors: [] };
      },
    });
    for (let count = 0; count < 9; count += 1) reader.othersCollected();
    expect(collections).toBe(0);
    reader.othersCollected();
    expect(collections).toBe(1);
    for (let count = 0; count < 9; count += 1) reader.othersCollected();
    await reader.scrape();
    reader.othersCollected();
    expect(collections).toBe(2);
  });

  test('goes on without an instrument of the user that does not answer in 2 s', async () => {
    const { reader } = create();
    const provider = new MeterProvider({ readers: [reader] });
    provider
      .getMeter('user')
      .createObservableGauge('hangs')
      .addCallback(() => new Promise(() => {}));
    const result = await reader.scrape();
    expect(valuesOf(result)).toMatchObject({ ours: [0] });
    expect(result.errors).toHaveLength(1);
  });
});
