import { expect, test } from 'vitest';
import type { LogRow } from '../../src/page/data/answers.js';
import { compareTraces, typicalAndSlowest } from '../../src/page/trace/comparison.js';
import { findSpans } from '../../src/page/trace/find.js';
import { criticalParts, nextFailure, spanTitle, traceModel } from '../../src/page/trace/trace-model.js';
import { type GivenSpan, traceOf } from './trace-fixture.js';

const order: readonly GivenSpan[] = [
  { id: 'root', at: 0, ms: 100 },
  {
    id: 'db',
    parent: 'root',
    name: 'SELECT',
    kind: 'client',
    route: 'postgresql shop-db:5432',
    at: 5,
    ms: 10,
    isFailed: true,
  },
  { id: 'call', parent: 'root', name: 'POST', kind: 'client', route: 'payment:3001', at: 20, ms: 70 },
  { id: 'pay', parent: 'call', service: 'payment', at: 25, ms: 60, isFailed: true },
];

test('the critical path is told by what took most of it', () => {
  const { totalMs, parts } = criticalParts(traceOf(order));
  expect(totalMs).toBe(100);
  expect(parts.map(({ title, service, ms }) => [title, service, ms])).toEqual([
    ['pay', 'payment', 60],
    ['root', 'order', 20],
    ['SELECT shop-db:5432', 'order', 10],
  ]);
});

test('spans alike are one part of the critical path, and the longest of them is where it leads', () => {
  const model = traceOf([
    { id: 'root', at: 0, ms: 30 },
    { id: 'a', parent: 'root', name: 'GET redis', at: 0, ms: 10 },
    { id: 'b', parent: 'root', name: 'GET redis', at: 10, ms: 20 },
  ]);
  expect(criticalParts(model).parts).toEqual([
    { service: 'order', title: 'GET redis', ms: 30, share: 1, spans: 2, spanId: 'b' },
  ]);
});

test('a call is named with what it calls, once', () => {
  const [, db, call] = traceOf(order).view.spans;
  expect(spanTitle(db as never)).toBe('SELECT shop-db:5432');
  expect(spanTitle(call as never)).toBe('POST payment:3001');
  expect(spanTitle({ ...(call as object), name: 'POST payment:3001/x' } as never)).toBe(
    'POST payment:3001/x',
  );
});

test('the next failed span is found in the order of the trace, round its end and back', () => {
  const model = traceOf(order);
  const next = (from: number, step?: 1 | -1) => nextFailure(model, from, step)?.span.spanId;
  expect([next(-1), next(1), next(3), next(3, -1), next(1, -1)]).toEqual(['db', 'pay', 'db', 'db', 'pay']);
  expect(nextFailure(traceOf([{ id: 'root', at: 0, ms: 1 }]), -1)).toBeUndefined();
});

test('lines are with their span, on the clock of the drawing', () => {
  const model = traceOf(order, {
    logs: [
      { spanId: 'pay', body: 'slow', timeMs: 1_700_000_000_050 },
      { spanId: 'unknown', body: 'else', timeMs: 1_700_000_000_010 },
    ],
  });
  expect(model.byId.get('pay')?.logs.map(({ body }) => body)).toEqual(['slow']);
  expect(model.view.logs.map(model.logOffset)).toEqual([50, 10]);
});

test('a line of a process whose clock is ahead moves with its span', () => {
  const drawn = traceOf(order, { skews: [{ from: 'order', to: 'payment', offsetMs: 340 }] }).view;
  // The span and its line say 340 ms more than the drawing has.
  const spans = drawn.spans.map((span) =>
    span.spanId === 'pay' ? { ...span, startMs: span.startMs + 340 } : span,
  );
  const [line] = traceOf(order, { logs: [{ spanId: 'pay', timeMs: drawn.startMs + 50 + 340 }] }).view.logs;
  const model = traceModel({ ...drawn, spans, logs: [line as LogRow] });
  expect(model.logOffset(line as LogRow)).toBe(50);
  expect(model.corrections.get('payment')).toBe(340);
});

test('spans are found by name, service, route and attributes', () => {
  const model = traceOf(order);
  const attributes = new Map([['db', { 'db.collection.name': 'cards' }]]);
  expect(findSpans(model, 'PAY', attributes)).toEqual(['call', 'pay']);
  expect(findSpans(model, 'collection.name=card', attributes)).toEqual(['db']);
  expect(findSpans(model, '  ', attributes)).toEqual([]);
});

test('two traces are laid over each other by service and name, and the difference is each span’s own', () => {
  const fast = traceOf([
    { id: 'r', name: 'root', at: 0, ms: 40 },
    { id: 'c', parent: 'r', name: 'POST', kind: 'client', at: 10, ms: 25 },
    { id: 'p', parent: 'c', name: 'pay', service: 'payment', at: 12, ms: 20 },
    { id: 'm', parent: 'r', name: 'mail', at: 36, ms: 2 },
  ]);
  const rows = compareTraces(traceOf(order), fast);
  expect(
    rows.map(({ level, name, left, right, selfDeltaMs }) => [
      level,
      name,
      left?.count,
      right?.count,
      selfDeltaMs,
    ]),
  ).toEqual([
    [1, 'root', 1, 1, 7],
    [2, 'SELECT', 1, undefined, 10],
    [2, 'POST', 1, 1, 5],
    [3, 'pay', 1, 1, 40],
    [2, 'mail', undefined, 1, -2],
  ]);
});

test('the typical trace is the one in the middle', () => {
  const rows = [9, 1, 5, 7, 3].map((durationMs) => ({ durationMs }));
  expect(typicalAndSlowest(rows)).toEqual({ typical: { durationMs: 5 }, slowest: { durationMs: 9 } });
  expect(typicalAndSlowest(rows.slice(0, 1))).toBeUndefined();
});
