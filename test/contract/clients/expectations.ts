import { expect } from 'vitest';
import type { Case } from './cases.js';
import type { Outcome } from './children.js';
import type { MisbehavingServer } from './misbehaving-server.js';

const CLIENT = 2;
const ERROR = 2;

/** What a call must have left behind: spans, measurements, headers at the upstream, and evidence for the breaker. */
export function expectCase(row: Case, outcome: Outcome, server: MisbehavingServer, id: string): void {
  const { result, spans, points, caller, evidence } = outcome;
  expect(outcome.isSettled).toBe(true);
  if (row.gives === 'error') expect(result.error).toBeDefined();
  else expect(result).toMatchObject({ status: row.gives });

  // One span per attempt, ended once, under the caller's.
  expect(spans.map(({ attributes }) => summaryOf(attributes))).toEqual(
    row.attempts.map(({ status, errorType }) => ({
      status,
      errorType: errorType instanceof RegExp ? expect.stringMatching(errorType) : errorType,
    })),
  );
  for (const [index, span] of spans.entries()) {
    const { attributes } = span;
    expect(span).toMatchObject({ kind: CLIENT, traceId: caller.traceId, parentSpanId: caller.spanId });
    expect(span.name).toBe(row.order?.method ?? 'GET');
    expect(span.status).toBe(attributes['error.type'] === undefined ? 0 : ERROR);
    expect(attributes['http.request.resend_count']).toBe(index === 0 ? undefined : index);
    expect(attributes['url.full']).toContain('sig=REDACTED');
    expect(attributes).toMatchObject({
      'server.address': row.to === 'unresolved' ? 'nowhere.invalid' : '127.0.0.1',
      'server.port': expect.any(Number),
    });
    if (attributes['http.response.status_code'] !== undefined) {
      expect(attributes).toMatchObject({
        'network.protocol.version': '1.1',
        'network.peer.address': '127.0.0.1',
        'network.peer.port': server.port,
      });
    }
  }

  // Measured once each, with what the span says.
  const measured = points.flatMap(({ attributes, count }) => Array(count).fill(summaryOf(attributes)));
  const told = spans.map(({ attributes }) => summaryOf(attributes));
  expect(measured).toHaveLength(told.length);
  expect(measured).toEqual(expect.arrayContaining(told));

  // What arrived carries the ids of the span that it was sent under.
  const seen = server.seen(id).map(({ headers }) => headers.traceparent);
  const sent = spans.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-03`);
  expect(seen).toEqual(['refused', 'unresolved', 'tls'].includes(row.to) ? [] : sent);

  expect(verdictOf(evidence, spans.length)).toBe(row.verdict);
}

function summaryOf(attributes: Readonly<Record<string, unknown>>) {
  return { status: attributes['http.response.status_code'], errorType: attributes['error.type'] };
}

function verdictOf({ calls, failures }: Outcome['evidence'], attempts: number): string {
  if (calls === 0) return 'nothing';
  if (calls !== attempts) return `${calls} calls of ${attempts} attempts`;
  return failures === 0 ? 'fine' : failures === calls ? 'failure' : `${failures} failures of ${calls} calls`;
}

/** What a call must have left behind that was never made. */
export function expectRejection(kind: 'itself' | 'code' | 'cause', outcome: Outcome, upstream: string): void {
  const { result } = outcome;
  const error = kind === 'cause' ? result.error?.cause : result.error;
  expect(error).toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
  if (kind !== 'code') expect(error).toMatchObject({ name: 'CircuitOpenError', upstream });
  expectTurnedAway(outcome, upstream);
}

/** The same, where the caller is told so by an answer. */
export function expectAnswer(outcome: Outcome, upstream: string): void {
  const { result } = outcome;
  expect(result).toMatchObject({ status: 503 });
  expect(JSON.parse(result.body ?? '')).toMatchObject({ status: 503, code: 'ERR_CIRCUIT_OPEN' });
  expectTurnedAway(outcome, upstream);
}

function expectTurnedAway(outcome: Outcome, upstream: string): void {
  const { spans, points, caller, evidence } = outcome;
  expect(spans).toMatchObject([{ kind: CLIENT, status: ERROR, parentSpanId: caller.spanId, durationNs: 0 }]);
  expect(spans[0]?.attributes).toMatchObject({ 'error.type': 'ERR_CIRCUIT_OPEN' });
  expect(points).toEqual([]);
  expect(evidence).toMatchObject({ calls: 0, rejected: 1 });
  expect(caller.events).toMatchObject([
    { name: 'golden_signals.breaker.rejected', attributes: { 'golden_signals.breaker.name': upstream } },
  ]);
}
