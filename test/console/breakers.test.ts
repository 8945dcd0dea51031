import { expect, test } from 'vitest';
import { consoleFor, type Started } from './support/console.js';
import { attributesOf, spanId, spansRequest, traceId } from './support/spans.js';

const now = Date.now();
const nano = (ms: number) => String(BigInt(Math.round(ms)) * 1_000_000n);
const resource = {
  attributes: attributesOf({ 'service.name': 'order', 'service.instance.id': 'order-1' }),
};

/** What a service reports of its breaker. */
function reported(state: string, timeMs: number) {
  return {
    resourceMetrics: [
      {
        resource,
        scopeMetrics: [
          {
            metrics: [
              {
                name: 'golden_signals.breaker.state',
                unit: '{breaker}',
                gauge: {
                  dataPoints: ['closed', 'open', 'half-open'].map((one) => ({
                    timeUnixNano: nano(timeMs),
                    attributes: attributesOf({
                      'golden_signals.breaker.name': 'payment:8080',
                      'golden_signals.breaker.state': one,
                    }),
                    asInt: one === state ? '1' : '0',
                  })),
                },
              },
            ],
          },
        ],
      },
    ],
  };
}

const call = (trace: string, start: number, type: string | undefined) => ({
  id: trace,
  trace,
  start,
  ms: 10,
  kind: 3 as const,
  name: 'POST',
  failed: type !== undefined,
  attributes: {
    'server.address': 'payment',
    'server.port': 8080,
    ...(type === undefined ? {} : { 'error.type': type }),
  },
});

async function breakerOf(running: Started): Promise<Record<string, unknown>> {
  const { rows } = await running.ask<{ rows: Record<string, unknown>[] }>('/api/breakers?service=order');
  expect(rows).toHaveLength(1);
  return rows[0] as Record<string, unknown>;
}

test('a breaker has the trace that opened it, its counts by reason, and its next try', async () => {
  const running = await consoleFor();
  const transition = {
    name: 'golden_signals.breaker.transition',
    timeUnixNano: nano(now - 3_000),
    attributes: [
      ...attributesOf({
        'golden_signals.breaker.name': 'payment:8080',
        'golden_signals.breaker.state': 'open',
        'golden_signals.breaker.previous_state': 'closed',
        'golden_signals.breaker.reason': 'failures',
        'golden_signals.breaker.calls': 12,
        'golden_signals.breaker.failures': 7,
        'golden_signals.breaker.retry_after': 9.5,
      }),
      {
        key: 'golden_signals.breaker.failure_reasons',
        value: { arrayValue: { values: [{ stringValue: '503=4' }, { stringValue: 'a=b=3' }] } },
      },
    ],
  };
  await running.send(
    'traces',
    spansRequest('order', [
      call('first', now - 5_000, '503'),
      {
        id: 'request',
        trace: 'tripping',
        name: 'POST /orders',
        kind: 2,
        start: now - 3_500,
        ms: 600,
        events: [transition],
      },
      { ...call('before', now - 3_400, '503'), trace: 'tripping', parent: 'request' },
      { ...call('tripping', now - 3_010, 'ECONNREFUSED'), parent: 'request' },
      call('last', now - 2_900, '503'),
      call('good', now - 2_000, undefined),
    ]),
  );
  await running.send('metrics', reported('closed', now - 4_000));
  await running.send('metrics', reported('open', now - 1_000));
  expect(await breakerOf(running)).toMatchObject({
    service: 'order',
    instance: 'order-1',
    name: 'payment:8080',
    state: 'open',
    sinceMs: expect.closeTo(now - 1_000, 2),
    changes: [{ state: 'closed' }, { state: 'open' }],
    calls: { count: 5, errors: 4 },
    reasons: [
      { reason: '503', count: 3 },
      { reason: 'ECONNREFUSED', count: 1 },
    ],
    tripped: {
      traceId: traceId('tripping'),
      spanId: spanId('tripping'),
      timeMs: expect.closeTo(now - 3_000, 2),
      why: 'failures',
      calls: 12,
      failures: 7,
      reasons: [
        { reason: '503', count: 4 },
        { reason: 'a=b', count: 3 },
      ],
      isCertain: true,
    },
    nextTryMs: expect.closeTo(now + 6_500, 2),
  });
});

test('where no span says so, it is the last call that failed before', async () => {
  const running = await consoleFor();
  await running.send(
    'traces',
    spansRequest('order', [
      call('early', now - 5_000, '503'),
      call('likely', now - 3_000, '500'),
      call('rejected', now - 1_500, 'ERR_CIRCUIT_OPEN'),
      call('after', now - 500, '503'),
    ]),
  );
  await running.send('metrics', reported('closed', now - 4_000));
  await running.send('metrics', reported('open', now - 1_000));
  expect(await breakerOf(running)).toMatchObject({
    tripped: { traceId: traceId('likely'), why: '500', isCertain: false },
    nextTryMs: null,
  });
});

test('one that has never opened has no such trace', async () => {
  const running = await consoleFor();
  await running.send('traces', spansRequest('order', [call('failed', now - 3_000, '500')]));
  await running.send('metrics', reported('closed', now - 1_000));
  expect(await breakerOf(running)).toMatchObject({ state: 'closed', tripped: null, nextTryMs: null });
});
