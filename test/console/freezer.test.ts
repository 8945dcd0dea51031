import { expect, test, vi } from 'vitest';
import type { Evidence } from '../../src/console/evidence/evidence.js';
import type { TraceView } from '../../src/console/questions/trace-view.js';
import { resolveRules } from '../../src/rules/rule-options.js';
import { type QuietConsole, quietConsole } from './support/quiet-console.js';
import { attributesOf, type GivenSpan, logsRequest, spanId, spansRequest, traceId } from './support/spans.js';

const rules = resolveRules({ p99S: 0.3 });

/** Evidence is taken bit by bit. */
function evidenceOf({ ask }: QuietConsole, name: string): Promise<Evidence> {
  return vi.waitFor(
    async () => {
      const { alerts } = await ask<{ alerts: { name: string; evidence: Evidence | null }[] }>('/api/alerts');
      const found = alerts.find((alert) => alert.name === name)?.evidence;
      expect(found?.traces.length).toBeGreaterThan(0);
      return found as Evidence;
    },
    { timeout: 60_000 },
  );
}

/** A request that takes a second, most of it in one query below a hundred levels, beside so many spans of no weight. */
function large(trace: string, endMs: number, count: number): GivenSpan[] {
  const start = endMs - 1_000;
  const spans: GivenSpan[] = [
    { trace, id: `${trace}r`, name: 'GET /report', kind: 2, start, ms: 1_000 },
    {
      trace,
      id: `${trace}q`,
      parent: `${trace}d99`,
      name: 'SELECT rows',
      kind: 3,
      start: start + 50,
      ms: 900,
    },
  ];
  for (let depth = 0; depth < 100; depth += 1) {
    const parent = depth === 0 ? `${trace}r` : `${trace}d${depth - 1}`;
    spans.push({ trace, id: `${trace}d${depth}`, parent, name: 'step', start: start + 40, ms: 920 });
  }
  for (let index = spans.length; index < count; index += 1)
    spans.push({
      ...{ trace, id: `${trace}${index}`, parent: `${trace}r`, name: 'row', start: start + 955, ms: 0.01 },
      failed: index === count - 1,
    });
  return spans;
}

test('of a trace of thousands of spans, evidence says where its time went, and keeps a part that is whole in itself', async () => {
  const running = await quietConsole({ rules });
  const { send, pass, now, ask } = running;
  for (let index = 0; index < 6; index += 1) {
    await send('traces', spansRequest('report', large(`t${index}`, now(), 3_000)));
    for (let other = 0; other < 10; other += 1)
      await send('traces', spansRequest('report', large(`o${index}${other}`, now(), 102)));
    await pass(5_000);
  }
  const evidence = await evidenceOf(running, 'HighLatencyP99');
  expect(evidence.bottleneck).toMatchObject({
    service: 'report',
    name: 'SELECT rows',
    share: expect.closeTo(0.9, 3),
  });
  expect(evidence.bottleneck?.traces).toBe(evidence.traces.length);
  const sizes = new Set(evidence.traces.map(({ spans }) => spans));
  expect([...sizes].sort()).toEqual([102, 3_000]);
  const worst = evidence.traces.find(({ spans }) => spans === 3_000);
  expect(worst).toMatchObject({ isFailed: true, durationMs: 1_000 });
  // The store has all of it, and that is what is shown.
  const view = await ask<TraceView>(`/api/traces/${worst?.traceId}`);
  expect(view.spans).toHaveLength(3_000);
});

test('what was kept of a large trace is shown once the store has lost it', async () => {
  const running = await quietConsole({ rules, memoryBytes: 16 * 2 ** 20 });
  const { send, pass, now, ask } = running;
  for (let index = 0; index < 20; index += 1) {
    await send('traces', spansRequest('report', large(`t${index}`, now(), 2_500)));
    await pass(1_000);
  }
  await pass(10_000);
  const evidence = await evidenceOf(running, 'HighLatencyP99');
  const id = evidence.traces.at(-1)?.traceId;
  const filler = (index: number) =>
    spansRequest(
      'report',
      Array.from({ length: 4_000 }, (_, one) => ({
        ...{ id: `f${index}${one}`, trace: `f${index}`, start: now(), ms: 400, kind: 1 as const },
        attributes: { text: `${index} ${one}`.repeat(20) },
      })),
    );
  let held = 0;
  for (let index = 0; index < 200; index += 1) {
    await send('traces', filler(index));
    held = (await ask<{ rows: unknown[] }>(`/api/traces?name=GET%20/report&limit=100`)).rows.length;
    if (held === 0) break;
  }
  expect(held).toBe(0);
  const view = await ask<TraceView>(`/api/traces/${id}`);
  expect(view.bottleneck).toMatchObject({ name: 'SELECT rows' });
  expect(view.orphans).toBe(0);
  expect(view.spans.length).toBeLessThan(1_000);
  expect(view.spans.length + (view.omitted ?? 0)).toBe(2_500);
  expect(view.spans.filter(({ isFailed }) => isFailed)).toHaveLength(1);
});

test('the first error is a line that says something: of a record without a body its exception, or what event it is', async () => {
  const running = await quietConsole({ rules });
  const { send, pass, now, ask } = running;
  let records = 0;
  const record = (more: object, trace: string) => ({
    timeUnixNano: `${now() + records++}000000`,
    severityNumber: 17,
    traceId: traceId(trace),
    spanId: spanId(trace),
    ...more,
  });
  const exception = { 'exception.type': 'TypeError', 'exception.message': 'no card' };
  for (let index = 0; index < 12; index += 1) {
    const trace = `e${index}`;
    await send(
      'traces',
      spansRequest('order', [
        {
          id: trace,
          trace,
          name: 'POST /orders',
          kind: 2,
          start: now() - 10,
          ms: 10,
          attributes: { 'http.response.status_code': 500 },
        },
        {
          id: `${trace}x`,
          trace: `${trace}x`,
          name: 'GET /',
          kind: 2,
          start: now() - 10,
          ms: 10,
          attributes: { 'http.response.status_code': 200 },
        },
      ]),
    );
    const list = [
      record({}, trace),
      record({ body: {} }, trace),
      record({ attributes: attributesOf(exception) }, trace),
      record({ eventName: 'payment.lost' }, trace),
      record({ body: { kvlistValue: { values: attributesOf({ a: 1 }) } } }, trace),
    ];
    const request = logsRequest('order', []) as {
      resourceLogs: { scopeLogs: { logRecords: unknown[] }[] }[];
    };
    request.resourceLogs[0]?.scopeLogs[0]?.logRecords.push(...list);
    await send('logs', request);
    await pass(5_000);
  }
  const evidence = await evidenceOf(running, 'HighErrorRate');
  expect(evidence.firstError?.body).toBe('TypeError: no card');
  expect(running.said.filter((line) => line.includes('null'))).toEqual([]);
  const { rows } = await ask<{ rows: { body: string }[] }>(`/api/logs?trace=${traceId('e3')}`);
  expect(new Set(rows.map(({ body }) => body))).toEqual(
    new Set(['', 'TypeError: no card', 'payment.lost', '{"a":1}']),
  );
});
