import { expect, test } from 'vitest';
import type { TraceColumns, TraceView } from '../../src/page/data/answers.js';
import { spanCount, viewOf } from '../../src/page/trace/span-columns.js';
import { traceModel } from '../../src/page/trace/trace-model.js';
import { consoleFor } from './support/console.js';
import { spansRequest, traceId } from './support/spans.js';

const fields = [
  'traceId',
  'spanId',
  'parentId',
  'service',
  'name',
  'kind',
  'route',
  'http',
  'isFailed',
  'isOrphan',
  'depth',
] as const;
const times = ['startMs', 'durationMs', 'offsetMs', 'selfMs', 'criticalMs'] as const;

async function bothForms(running: Awaited<ReturnType<typeof consoleFor>>, id: string) {
  const objects = await running.ask<TraceView>(`/api/traces/${id}?detail=false`);
  const columns = await running.ask<TraceColumns>(`/api/traces/${id}?spans=columns`);
  return { objects, columns };
}

function expectSame(objects: TraceView, columns: TraceColumns): void {
  const view = viewOf(columns);
  expect({ ...view, spans: [] }).toEqual({ ...objects, spans: [] });
  expect(view.spans).toHaveLength(objects.spans.length);
  expect(spanCount(columns)).toBe(objects.spans.length);
  for (const [index, one] of objects.spans.entries()) {
    const other = view.spans[index] as TraceView['spans'][number];
    for (const field of fields) expect(other[field], field).toEqual(one[field]);
    for (const field of times) expect(other[field], field).toBeCloseTo(one[field], 2);
    for (const field of ['critical', 'gaps'] as const)
      expect([...other[field]].map(([from]) => Math.round(from)).sort()).toEqual(
        [...one[field]].map(([from]) => Math.round(from)).sort(),
      );
  }
  const models = [traceModel(objects), traceModel(columns)] as const;
  expect(models[1].nodes.map(({ parent }) => parent?.span.spanId)).toEqual(
    models[0].nodes.map(({ parent }) => parent?.span.spanId),
  );
  expect(models[1].tops.map(({ kind }) => kind)).toEqual(models[0].tops.map(({ kind }) => kind));
}

test.each([
  ['slow', { slow: true }],
  ['failed', { failed: true }],
  ['lost in part', { lost: true }],
] as const)('an order that is %s says the same in columns as in objects', async (_name, how) => {
  const { Batch, order } = await import('../../bench/console/shop-traffic.mjs');
  const running = await consoleFor();
  const batch = new Batch();
  const made = order(batch, Date.now() - 60_000, how);
  await batch.send(running.endpoint);
  const { objects, columns } = await bothForms(running, made.traceId);
  expect(objects.spans.length).toBeGreaterThan(5);
  expectSame(objects, columns);
});

test('spans of a clock that is ahead keep the time that it showed, in either form', async () => {
  const running = await consoleFor();
  const start = Date.now() - 60_000;
  await running.send(
    'traces',
    spansRequest('order', [
      { id: 'root', kind: 2, start, ms: 100 },
      { id: 'call', parent: 'root', kind: 3, start: start + 10, ms: 80 },
    ]),
  );
  await running.send(
    'traces',
    spansRequest('payment', [{ id: 'served', parent: 'call', kind: 2, start: start - 480, ms: 70 }]),
  );
  const { objects, columns } = await bothForms(running, traceId('t'));
  expect(objects.skews).toHaveLength(1);
  expectSame(objects, columns);
  expect(viewOf(columns).spans.at(-1)).toMatchObject({ name: 'served', startMs: start - 480, offsetMs: 15 });
});
