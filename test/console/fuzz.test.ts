import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { REQUEST_TYPES, type Signal } from '../support/otlp-decode.js';
import { consoleFor } from './support/console.js';
import { logsRequest, spansRequest } from './support/spans.js';

// `CONSOLE_FUZZ_SEED` repeats a run, `CONSOLE_FUZZ_ROUNDS` makes a longer one.
const seed = Number(process.env.CONSOLE_FUZZ_SEED ?? Date.now() % 1_000_000);
const rounds = Number(process.env.CONSOLE_FUZZ_ROUNDS ?? 400);

/** Mulberry32. */
function randomOf(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const now = Date.now();
const metrics = {
  resourceMetrics: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'f' } }] },
      scopeMetrics: [
        {
          metrics: [
            {
              name: 'http.server.request.duration',
              unit: 's',
              histogram: {
                aggregationTemporality: 2,
                dataPoints: [
                  {
                    timeUnixNano: String(BigInt(now) * 1_000_000n),
                    startTimeUnixNano: '1',
                    count: '3',
                    sum: 1.5,
                    bucketCounts: ['1', '2', '0'],
                    explicitBounds: [0.1, 1],
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

const good: Readonly<Record<Signal, unknown>> = {
  traces: spansRequest('f', [
    { id: 'a', start: now, ms: 5, kind: 2, attributes: { 'http.route': '/a', n: 1, b: true, d: 0.5 } },
    { id: 'b', parent: 'a', start: now, ms: 1, kind: 3, failed: true, attributes: { 'server.address': 'x' } },
  ]),
  metrics,
  logs: logsRequest('f', [{ time: now, body: 'hello 17', trace: 't', span: 'a', attributes: { k: 'v' } }]),
};

function protobufOf(signal: Signal): Buffer {
  const type = REQUEST_TYPES[signal];
  const json = JSON.parse(JSON.stringify(good[signal]), (key, value) =>
    key === 'traceId' || key === 'spanId' || key === 'parentSpanId' ? Buffer.from(value, 'hex') : value,
  );
  return Buffer.from(type.encode(type.fromObject(json)).finish());
}

/** A list in a list in a list, as protobuf has it. */
function nestedValue(depth: number): Buffer {
  let value = Buffer.from([0x0a, 0x01, 0x78]);
  const field = (tag: number, inner: Buffer) => {
    const length: number[] = [];
    let rest = inner.length;
    for (; rest >= 0x80; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
    return Buffer.concat([Buffer.from([tag, ...length, rest]), inner]);
  };
  for (let level = 0; level < depth; level += 1) value = field(0x2a, field(0x0a, value));
  const attribute = field(0x4a, Buffer.concat([Buffer.from([0x0a, 0x01, 0x6b]), field(0x12, value)]));
  return field(0x0a, field(0x12, field(0x12, attribute)));
}

test(`whatever comes in gets an answer, and the console goes on (seed ${seed})`, {
  timeout: 240_000,
}, async () => {
  const { endpoint, ask } = await consoleFor({ memoryBytes: 16 * 2 ** 20 });
  const random = randomOf(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const originals = (['traces', 'metrics', 'logs'] as const).flatMap((signal) => [
    { signal, type: 'application/x-protobuf', body: protobufOf(signal) },
    { signal, type: 'application/json', body: Buffer.from(JSON.stringify(good[signal])) },
  ]);
  const changes: readonly ((body: Buffer) => Buffer)[] = [
    (body) => body,
    (body) => body.subarray(0, Math.floor(random() * body.length)),
    (body) => {
      const changed = Buffer.from(body);
      for (let count = 1 + Math.floor(random() * 8); count > 0; count -= 1)
        changed[Math.floor(random() * changed.length)] = Math.floor(random() * 256);
      return changed;
    },
    (body) => Buffer.concat(Array.from({ length: 2 + Math.floor(random() * 50) }, () => body)),
    (body) => {
      const at = Math.floor(random() * body.length);
      return Buffer.concat([
        body.subarray(0, at),
        Buffer.alloc(1 + Math.floor(random() * 40), 0xff),
        body.subarray(at),
      ]);
    },
    () => Buffer.from(Array.from({ length: Math.floor(random() * 300) }, () => Math.floor(random() * 256))),
  ];
  const statuses = new Map<number, number>();
  for (let round = 0; round < rounds; round += 1) {
    const { signal, type, body } = pick(originals);
    const changed = pick(changes)(body);
    const isPacked = random() < 0.3;
    const response = await fetch(
      `${endpoint}/v1/${pick([signal, signal, signal, 'traces', 'logs', 'metrics'])}`,
      {
        method: 'POST',
        headers: { 'content-type': type, ...(isPacked ? { 'content-encoding': 'gzip' } : {}) },
        body: isPacked && random() < 0.9 ? gzipSync(changed) : changed,
      },
    );
    const text = await response.text();
    expect([200, 400], `round ${round}: ${text}`).toContain(response.status);
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    if (round % 20 !== 0) continue;
    // What was taken in can be read.
    for (const path of [
      'traces',
      'logs',
      'services',
      'map',
      'doctor',
      'export',
      'gauges',
      'states',
      'traces?text=a&attr=n',
    ])
      expect((await fetch(`${endpoint}/api/${path}`)).status, path).toBe(200);
  }
  expect([...statuses.keys()].sort()).toEqual([200, 400]);
  expect((await ask<{ spans: number }>('/api/status')).spans).toBeGreaterThan(0);
});

test.each([
  [
    'values nested a hundred thousand levels',
    'application/x-protobuf',
    () => nestedValue(5_000),
    400,
    'nested deeper',
  ],
  ['values nested ten levels', 'application/x-protobuf', () => nestedValue(10), 200, ''],
  [
    'JSON of eight million values',
    'application/json',
    () => Buffer.from(`[${'[],'.repeat(2_700_000)}[]]`),
    400,
    'more than',
  ],
  [
    'a length beyond all memory',
    'application/x-protobuf',
    () => Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f]),
    400,
    '',
  ],
])('%s', async (_name, type, make, status, message) => {
  const { endpoint } = await consoleFor();
  const response = await fetch(`${endpoint}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: make(),
  });
  expect(response.status).toBe(status);
  expect(await response.text()).toContain(message);
});

test('metrics of a million empty points are refused before they take memory', async () => {
  const { endpoint } = await consoleFor();
  // resourceMetrics { scopeMetrics { metrics { gauge { dataPoints {} × 2 M } } } }
  const points = Buffer.alloc(4_000_000);
  for (let at = 0; at < points.length; at += 2) points[at] = 0x0a;
  const wrap = (tag: number, inner: Buffer) => {
    const { length } = inner;
    const head = [
      tag,
      (length & 0x7f) | 0x80,
      ((length >> 7) & 0x7f) | 0x80,
      ((length >> 14) & 0x7f) | 0x80,
      length >> 21,
    ];
    return Buffer.concat([Buffer.from(head), inner]);
  };
  const body = wrap(0x0a, wrap(0x12, wrap(0x12, wrap(0x2a, points))));
  const response = await fetch(`${endpoint}/v1/metrics`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' },
    body: gzipSync(body),
  });
  expect(response.status).toBe(400);
  expect(await response.text()).toContain('more than 1000000 parts');
});
