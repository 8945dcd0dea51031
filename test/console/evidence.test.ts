import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Alert } from '../../src/console/alerts/series-source.js';
import { alertLine } from '../../src/console/evidence/alert-line.js';
import { EvidenceShelf, packTrace, summarize } from '../../src/console/evidence/evidence.js';
import { worstTraces } from '../../src/console/evidence/worst-traces.js';
import type { TraceView } from '../../src/console/questions/trace-view.js';
import { Receiver } from '../../src/console/receive/receiver.js';
import { Store } from '../../src/console/store/store.js';
import { spansRequest, traceId } from './support/spans.js';

/** A trace with so much in it that cannot be packed any smaller. */
function view(
  name: string,
  bytes: number,
  more: { readonly bottleneck?: string; readonly severity?: number; readonly at?: number } = {},
): TraceView {
  const { bottleneck = 'SELECT', severity = 9, at = 1 } = more;
  const span = (spanId: string, spanName: string, criticalMs: number) => ({
    spanId,
    name: spanName,
    service: 'payment',
    criticalMs,
    isFailed: false,
    note: randomBytes(bytes / 2).toString('base64'),
  });
  return {
    traceId: name,
    startMs: 0,
    durationMs: 100,
    root: undefined,
    services: [],
    spans: [span('1', 'POST', 20), span('2', bottleneck, 80)],
    logs: [{ timeMs: at, severity, body: `line of ${name}` }],
    bottleneck: { spanId: '2', service: 'payment', name: bottleneck, share: 0.8 },
    orphans: 0,
    skews: [],
  } as unknown as TraceView;
}

const hour = 3_600_000;
const summaryOf = (views: readonly TraceView[], isAboutErrors = false, alertId = 'x', frozenAtMs = 0) =>
  summarize({ alertId, frozenAtMs, views, isAboutErrors, fallback: undefined });

describe('what traces have in common', () => {
  test('the span in which most of their time goes, and in how many of them', () => {
    const views = [view('a', 10), view('b', 10), view('c', 10, { bottleneck: 'INSERT' })];
    expect(summaryOf(views).bottleneck).toEqual({
      service: 'payment',
      name: 'SELECT',
      share: 160 / 300,
      traces: 2,
      of: 3,
    });
  });

  test('the first line of an error, else of a warning', () => {
    const first = (...severities: number[]) =>
      summaryOf(severities.map((severity, index) => view(String(index), 10, { severity }))).firstError?.body;
    expect(first(9, 13, 17)).toBe('line of 2');
    expect(first(9, 13)).toBe('line of 1');
    expect(first(9)).toBeUndefined();
  });

  test('of requests that are slow, a line of those that share the bottleneck, whoever spoke of an error before', () => {
    const failed = view('failed', 10, { bottleneck: 'POST /charge', severity: 17, at: 0 });
    const slow = ['a', 'b'].map((name) => view(name, 10, { severity: 17, at: 5 }));
    const warned = ['a', 'b'].map((name) => view(name, 10, { severity: 13, at: 5 }));
    const silent = ['a', 'b'].map((name) => view(name, 10));
    const said = (views: readonly TraceView[], isAboutErrors: boolean) =>
      summaryOf([failed, ...views], isAboutErrors).firstError?.body;
    expect(said(slow, false)).toBe('line of a');
    expect(said(warned, false)).toBe('line of a');
    expect(said(silent, false)).toBe('line of failed');
    expect(said(slow, true)).toBe('line of failed');
  });

  test('nothing is said of no traces', () => {
    expect(summaryOf([])).toMatchObject({ traces: [], bottleneck: undefined });
  });
});

describe('the evidence of two days', () => {
  test('stays within its bytes, and each alert of the last day keeps a trace', () => {
    const shelf = new EvidenceShelf(2_000_000);
    for (let at = 0; at < 48; at += 1) {
      const views = Array.from({ length: 20 }, (_, index) => view(`${at}-${index}`, 4_000));
      shelf.put(summaryOf(views, false, `alert${at}`, at * hour), views.map(packTrace));
      expect(shelf.bytes).toBeLessThanOrEqual(2_000_000);
    }
    for (let at = 24; at < 48; at += 1) {
      expect(shelf.get(`alert${at}`)?.traces, `alert${at}`).toHaveLength(20);
      expect(shelf.trace(`${at}-0`)?.traceId, `trace of alert${at}`).toBe(`${at}-0`);
    }
    expect(shelf.get('alert0')).toBeUndefined();
    expect(shelf.trace('0-0')).toBeUndefined();
    expect(shelf.dropped).toBeGreaterThan(0);
  });

  test('is gone when it is dismissed, and replaced when it is taken again', () => {
    const shelf = new EvidenceShelf(1_000_000);
    const put = (name: string) => shelf.put(summaryOf([view(name, 100)]), [view(name, 100)].map(packTrace));
    put('first');
    const { bytes } = shelf;
    put('second');
    expect(Math.abs(shelf.bytes - bytes)).toBeLessThan(200);
    expect(shelf.trace('first')).toBeUndefined();
    expect(shelf.remove('x')).toBe(true);
    expect(shelf.remove('x')).toBe(false);
    expect(shelf.bytes).toBe(0);
  });
});

test('an alert in a line says what its evidence shows: the bottleneck, the worst trace, the first error', () => {
  const alert = {
    state: 'firing',
    rule: { name: 'HighLatencyP99' },
    annotations: { summary: 'p99 of order is 900 ms' },
    labels: { severity: 'page' },
  } as unknown as Alert;
  const evidence = summaryOf([view('a', 10, { severity: 17 }), view('b', 10)]);
  expect(alertLine(alert, evidence)).toBe(
    '■ firing HighLatencyP99: p99 of order is 900 ms; 80 % of the time in payment «SELECT» over 2 traces; trace a; "line of a"',
  );
});

test('a trace in which only a call was answered with 4xx is no evidence of failures', () => {
  const now = Date.now();
  const store = new Store({ maxBytes: 2 ** 24, slowMs: 3_000, startMs: now - hour, now: Date.now });
  const receiver = new Receiver({
    store,
    onSpan: () => undefined,
    onLog: () => undefined,
    onMetrics: () => 0,
    onTaken: () => undefined,
  });
  const call = (trace: string, status: number, ms: number) => ({
    id: trace,
    trace,
    start: now - 5_000,
    ms,
    kind: 3 as const,
    failed: true,
    attributes: { 'server.address': 'pay.local', 'http.response.status_code': status },
  });
  const request = spansRequest('order', [call('declined', 402, 900), call('broken', 503, 20)]);
  receiver.take('traces', 'json', Buffer.from(JSON.stringify(request)));
  const service = store.catalog.findService('order') as number;
  const wanted = { service, isFailed: true, target: undefined, fromMs: now - 60_000, count: 5 };
  expect(worstTraces(store, wanted).map((one) => one.traceId)).toEqual([traceId('broken')]);
});
