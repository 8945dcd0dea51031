import { expect, test } from 'vitest';
import { consoleFor, type Started } from './support/console.js';
import { attributesOf, type GivenSpan, spansRequest } from './support/spans.js';

const nano = (ms: number) => String(BigInt(Math.round(ms)) * 1_000_000n);

interface Finding {
  readonly what: string;
  readonly service: string;
  readonly harm: number;
  readonly text: string;
  readonly cure: string;
}

async function findingsOf({ ask }: Started, what: string): Promise<Finding[]> {
  const { findings } = await ask<{ findings: Finding[] }>('/api/doctor');
  return findings.filter((one) => one.what === what);
}

const calls = (now: number): GivenSpan[] =>
  Array.from({ length: 12 }, (_, index) => ({
    id: `c${index}`,
    trace: `t${index}`,
    kind: 3 as const,
    name: 'GET',
    start: now - 1_000,
    ms: 10,
    attributes: { 'server.address': 'payment', 'server.port': 8080 },
  }));

const requests = (isJoined: boolean, now: number): GivenSpan[] =>
  Array.from({ length: 12 }, (_, index) => ({
    id: `s${index}`,
    trace: isJoined ? `t${index}` : `other${index}`,
    ...(isJoined ? { parent: `c${index}` } : {}),
    kind: 2 as const,
    name: 'GET /',
    start: now - 999,
    ms: 5,
  }));

test.each([
  [false, ['payment-service']],
  [true, []],
])(
  'a service of which no request belongs to a call breaks traces; joined: %s',
  async (isJoined, expected) => {
    const now = Date.now();
    const running = await consoleFor();
    await running.send('traces', spansRequest('order', calls(now)));
    await running.send('traces', spansRequest('payment-service', requests(isJoined, now)));
    const found = await findingsOf(running, 'broken-trace');
    expect(found.map(({ service }) => service)).toEqual(expected);
    for (const { text, cure } of found) {
      expect(text).toContain('12 calls of order to payment:8080');
      expect(cure).toContain('traceparent');
    }
  },
);

function durations(failed: number, bounds: readonly number[], now: number) {
  const counts = [String(failed), ...bounds.map(() => '0')];
  return {
    resourceMetrics: [
      {
        resource: { attributes: attributesOf({ 'service.name': 'order', 'service.instance.id': 'order-1' }) },
        scopeMetrics: [
          {
            metrics: [
              {
                name: 'http.server.request.duration',
                unit: 's',
                histogram: {
                  aggregationTemporality: 1,
                  dataPoints: [
                    {
                      timeUnixNano: nano(now),
                      startTimeUnixNano: nano(now - 1_000),
                      attributes: attributesOf({ 'http.response.status_code': 503 }),
                      count: String(failed),
                      sum: 1,
                      bucketCounts: counts,
                      explicitBounds: bounds,
                    },
                  ],
                },
              },
            ],
          },
        ],
      },
    ],
  };
}

test('a threshold that is no bucket bound of the service, and sampling that hides failures', async () => {
  const now = Date.now();
  const running = await consoleFor();
  await running.send('metrics', durations(40, [0.5, 2.5, 5], now - 10));
  await running.send(
    'traces',
    spansRequest('order', [{ id: 'a', kind: 2, start: now - 900, ms: 5, failed: true }]),
  );
  expect(await findingsOf(running, 'bound')).toMatchObject([
    {
      service: 'order',
      harm: 2,
      text: expect.stringContaining('threshold of 3 s'),
      cure: expect.stringContaining('Add 3 to'),
    },
  ]);
  expect(await findingsOf(running, 'sampling')).toMatchObject([
    { service: 'order', text: expect.stringContaining('40 requests of order failed') },
  ]);
});

test('with the bound, and a trace of each failure, there is nothing to say', async () => {
  const now = Date.now();
  const running = await consoleFor();
  await running.send('metrics', durations(1, [0.5, 3, 5], now - 10));
  await running.send(
    'traces',
    spansRequest('order', [{ id: 'a', kind: 2, start: now - 900, ms: 5, failed: true }]),
  );
  expect(await findingsOf(running, 'bound')).toEqual([]);
  expect(await findingsOf(running, 'sampling')).toEqual([]);
});

test('two programs of one name, and instances that have gone', async () => {
  let now = Date.now();
  const running = await consoleFor({ now: () => now });
  const seen = (instance: string, language: string) =>
    running.send(
      'traces',
      spansRequest('order', [{ id: 'a', start: now, ms: 1, kind: 2 }], {
        instance,
        'telemetry.sdk.language': language,
      }),
    );
  await seen('a', 'nodejs');
  await seen('b', 'nodejs');
  expect(await findingsOf(running, 'namesakes')).toEqual([]);
  await seen('c', 'python');
  expect(await findingsOf(running, 'namesakes')).toMatchObject([
    { service: 'order', harm: 3, text: expect.stringContaining('nodejs and python') },
  ]);
  expect(await findingsOf(running, 'silent')).toEqual([]);
  now += 180_000;
  await seen('b', 'nodejs');
  expect((await findingsOf(running, 'silent')).map(({ text }) => text)).toEqual([
    'nothing has come from instance a of order for 180 s',
    'nothing has come from instance c of order for 180 s',
  ]);
});

test('what a sender gave up before it reached this console is said, and for a while after', async () => {
  let now = Date.now();
  const running = await consoleFor({ now: () => now });
  const dropped = (timeMs: number, value: number) =>
    running.send('metrics', {
      resourceMetrics: [
        {
          resource: {
            attributes: attributesOf({ 'service.name': 'order', 'service.instance.id': 'order-1' }),
          },
          scopeMetrics: [
            {
              metrics: [
                {
                  name: 'golden_signals.dropped',
                  unit: '{item}',
                  sum: {
                    aggregationTemporality: 2,
                    isMonotonic: true,
                    dataPoints: [
                      {
                        timeUnixNano: nano(timeMs),
                        startTimeUnixNano: nano(now - 20_000),
                        attributes: attributesOf({ 'golden_signals.reason': 'export_failed' }),
                        asInt: String(value),
                      },
                    ],
                  },
                },
              ],
            },
          ],
        },
      ],
    });
  await dropped(now, 40);
  await dropped(now + 1_000, 40);
  now += 60_000;
  expect(await findingsOf(running, 'drops')).toMatchObject([
    {
      service: 'order',
      text: expect.stringContaining('60 s ago: export_failed'),
      cure: expect.stringContaining('restarted'),
    },
  ]);
  now += 15 * 60_000;
  expect(await findingsOf(running, 'drops')).toEqual([]);
});
