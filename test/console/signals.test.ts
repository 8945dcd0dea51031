import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Cell } from '../../src/console/signals/cell.js';
import { bucketOf, ExponentialHistogram } from '../../src/console/signals/exponential-histogram.js';
import { Gauges } from '../../src/console/signals/gauges.js';
import { States } from '../../src/console/signals/states.js';
import { Timeline } from '../../src/console/signals/timeline.js';
import { consoleFor } from './support/console.js';
import { spansRequest } from './support/spans.js';

describe('quantiles', () => {
  test('are at most 1.5 % off, whatever the durations are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 600_000, noNaN: true }), { minLength: 1, maxLength: 300 }),
        fc.constantFrom(0.5, 0.95, 0.99),
        (durations, share) => {
          const histogram = new ExponentialHistogram();
          for (const ms of durations) histogram.add(bucketOf(ms));
          const sorted = [...durations].sort((a, b) => a - b);
          // The nearest rank: at least this share of all is no longer.
          const exact = sorted[Math.ceil(share * sorted.length) - 1] as number;
          const off = Math.abs((histogram.quantile(share) as number) - exact) / exact;
          expect(off).toBeLessThanOrEqual(0.015);
        },
      ),
    );
  });

  test('are the longest of few: with one in four slow, not 99 of 100 are fast', () => {
    const histogram = new ExponentialHistogram();
    for (const ms of [2, 2, 3, 400]) histogram.add(bucketOf(ms));
    expect(histogram.quantile(0.99)).toBeGreaterThan(390);
  });

  test('are the same whether counts were merged or added', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e7, noNaN: true })), fc.nat(), (durations, at) => {
        const [all, left, right] = [
          new ExponentialHistogram(),
          new ExponentialHistogram(),
          new ExponentialHistogram(),
        ];
        const cut = durations.length === 0 ? 0 : at % durations.length;
        for (const [index, ms] of durations.entries()) {
          all.add(bucketOf(ms));
          (index < cut ? left : right).add(bucketOf(ms));
        }
        left.merge(right);
        for (const share of [0, 0.5, 0.99, 1]) expect(left.quantile(share)).toBe(all.quantile(share));
      }),
    );
  });
});

describe('a timeline', () => {
  const id = () => 'f'.repeat(32);

  test('has the same total at whichever width it is asked', () => {
    const timeline = new Timeline(1_000);
    for (let at = 0; at < 3_600_000; at += 7_000) timeline.add(1, 1e12 + at, 5, at % 2 === 0, id);
    const count = Math.ceil(3_600_000 / 7_000);
    expect(timeline.totals(1e12, 1e12 + 3_600_000).get(1)?.count).toBe(count);
    const steps = timeline.steps(1, 1e12, 1e12 + 3_600_000, 60_000);
    expect(steps.reduce((sum, step) => sum + (step?.count ?? 0), 0)).toBe(count);
  });

  test('is bounded by its cells, and loses the oldest', () => {
    const timeline = new Timeline(100);
    for (let at = 0; at < 100; at += 1)
      for (let series = 0; series < 10; series += 1) timeline.add(series, 1e12 + at * 60_000, 5, false, id);
    expect(timeline.totals(1e12, 1e12 + 100 * 60_000).get(1)?.count).toBeLessThanOrEqual(11);
    expect(timeline.totals(1e12 + 98 * 60_000, 1e12 + 100 * 60_000).get(1)?.count).toBe(2);
  });

  test('takes what comes late', () => {
    const timeline = new Timeline(1_000);
    timeline.add(1, 1e12 + 100_000, 5, false, id);
    timeline.add(1, 1e12, 5, false, id);
    expect(timeline.steps(1, 1e12, 1e12 + 110_000, 10_000).map((step) => step?.count ?? 0)).toEqual([
      1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
    ]);
  });

  test('keeps the slowest and one that failed', () => {
    const cell = new Cell();
    cell.add(5, false, () => 'fast');
    cell.add(50, true, () => 'slow');
    cell.add(9, true, () => 'late');
    expect(cell).toMatchObject({ slowest: 'slow', failed: 'slow', count: 3, errors: 2, maxMs: 50 });
  });
});

test('a gauge keeps the last value of each slot, and of each minute when that is too old', () => {
  const gauges = new Gauges();
  const gauge = gauges.of(1, 'm', '', 's');
  gauge?.set(1e12, 1);
  gauge?.set(1e12 + 5_000, 2);
  gauge?.set(1e12 + 20_000, 3);
  expect(gauge?.steps(1e12, 1e12 + 30_000, 10_000)).toEqual([2, null, 3]);
  gauge?.set(1e12 + 2 * 3_600_000, 4);
  expect(gauge?.steps(1e12, 1e12 + 30_000, 10_000)).toEqual([2, 2, 3]);
  expect(gauges.of(1, 'm', '', 's')).toBe(gauge);
});

test('states change only when they do', () => {
  const states = new States();
  for (const [at, state] of [
    [1, 'closed'],
    [2, 'closed'],
    [3, 'open'],
    [2, 'late'],
  ] as const)
    states.set('breaker', 1, 'payment', at, state);
  expect([...states.lanes()][0]?.changes).toEqual([
    { timeMs: 1, state: 'closed' },
    { timeMs: 3, state: 'open' },
  ]);
});

interface MapAnswer {
  readonly nodes: readonly { readonly name: string; readonly kind: string }[];
  readonly edges: readonly {
    readonly from: string;
    readonly to: string;
    readonly count: number;
    readonly errors: number;
  }[];
}

describe('the map', () => {
  const now = Date.now();
  const call = spansRequest('order', [
    { id: 'server', start: now, ms: 100, kind: 2, name: 'POST /orders' },
    {
      id: 'call',
      parent: 'server',
      start: now + 10,
      ms: 80,
      kind: 3,
      failed: true,
      attributes: { 'server.address': 'pay.local', 'server.port': 3001 },
    },
    {
      id: 'query',
      parent: 'server',
      start: now + 1,
      ms: 5,
      kind: 3,
      name: 'SELECT shop.orders',
      attributes: { 'db.system.name': 'postgresql', 'server.address': 'db', 'server.port': 5432 },
    },
    {
      id: 'mail',
      parent: 'server',
      start: now + 1,
      ms: 5,
      kind: 3,
      attributes: { 'server.address': 'smtp.local' },
    },
  ]);
  // The clock of the payment service is 500 ms ahead.
  const answer = spansRequest('payment', [{ id: 'pay', parent: 'call', start: now + 515, ms: 70, kind: 2 }]);

  test.each([
    ['the call first', [call, answer]],
    ['the request first', [answer, call]],
  ])('joins callers and callees, whichever comes first: %s', async (_name, requests) => {
    const { send, ask } = await consoleFor();
    for (const request of requests) await send('traces', request);
    const { nodes, edges } = await ask<MapAnswer>('/api/map');
    expect(edges).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ from: 'order', to: 'payment', count: 1, errors: 1 }),
        expect.objectContaining({ from: 'order', to: 'postgresql db:5432', count: 1, errors: 0 }),
        expect.objectContaining({ from: 'order', to: 'smtp.local' }),
      ]),
    );
    expect(Object.fromEntries(nodes.map(({ name, kind }) => [name, kind]))).toEqual({
      order: 'service',
      payment: 'service',
      'postgresql db:5432': 'database',
      'smtp.local': 'peer',
    });
  });

  test('an edge fails as its service does: by 5xx and what has no status, not by what the caller asked wrongly', async () => {
    const { send, ask } = await consoleFor();
    // As the conventions have it: every status from 400 up is an error of the span of a call, from 500 up of the span of a request.
    const statuses = [200, 402, 409, 429, 404, 500, 503] as const;
    const calls = [...statuses, undefined].map((status, index) => ({
      id: `c${index}`,
      start: now,
      ms: 10,
      kind: 3 as const,
      failed: status === undefined || status >= 400,
      attributes: {
        'server.address': 'pay.local',
        ...(status === undefined
          ? { 'error.type': 'ECONNREFUSED' }
          : { 'http.response.status_code': status }),
      },
    }));
    await send('traces', spansRequest('order', calls));
    const { edges } = await ask<MapAnswer>('/api/map');
    expect(edges).toEqual([expect.objectContaining({ to: 'pay.local', count: 8, errors: 3 })]);
    const { rows } = await ask<{ rows: unknown[] }>('/api/edges');
    expect(rows).toEqual([expect.objectContaining({ errors: 3, errorRatio: 3 / 8 })]);
  });

  test('the difference of two clocks is found, and taken out of the trace', async () => {
    const { send, ask } = await consoleFor();
    await send('traces', call);
    await send('traces', answer);
    const trace = await ask<{
      spans: { name: string; offsetMs: number }[];
      skews: { from: string; to: string; offsetMs: number }[];
    }>(`/api/traces/${Buffer.from('t'.padEnd(16, '.')).toString('hex')}`);
    expect(trace.skews).toEqual([{ from: 'order', to: 'payment', offsetMs: expect.closeTo(500, 1) }]);
    expect(trace.spans.find(({ name }) => name === 'pay')?.offsetMs).toBeCloseTo(15, 1);
  });
});
