import { describe, expect, test } from 'vitest';
import { consoleFor, type Started } from './support/console.js';
import { attributesOf, logsRequest, spanId, spansRequest, traceId } from './support/spans.js';

const now = Date.now();

async function filled(): Promise<Started> {
  const running = await consoleFor();
  await running.send(
    'traces',
    spansRequest('order', [
      {
        id: 'a',
        trace: 'slow',
        start: now - 5_000,
        ms: 900,
        kind: 2,
        name: 'GET /a',
        attributes: { 'http.route': '/a', 'http.response.status_code': 200, customer: 'Ünal', n: 7 },
      },
      {
        id: 'b',
        trace: 'fast',
        start: now - 4_000,
        ms: 10,
        kind: 2,
        name: 'GET /b',
        attributes: { 'http.route': '/b', 'http.response.status_code': 503 },
      },
      { id: 'c', trace: 'lost', parent: 'nowhere', start: now - 3_000, ms: 5, name: 'job' },
    ]),
  );
  await running.send(
    'traces',
    spansRequest(
      'payment',
      [{ id: 'd', trace: 'slow', parent: 'a', start: now - 4_900, ms: 800, kind: 2, name: 'POST /pay' }],
      { region: 'eu' },
    ),
  );
  await running.send(
    'logs',
    logsRequest('payment', [
      {
        time: now - 4_500,
        severity: 13,
        body: 'card 17 slow',
        trace: 'slow',
        span: 'd',
        attributes: { table: 'cards' },
      },
      { time: now - 4_400, severity: 17, body: 'card 18 slow' },
      { time: now - 4_300, body: 'all well' },
    ]),
  );
  return running;
}

const rowsOf = async (running: Started, path: string) =>
  (await running.ask<{ rows: Record<string, unknown>[] }>(path)).rows;

describe('traces', () => {
  test.each([
    ['', ['lost', 'fast', 'slow']],
    ['?sort=slowest', ['slow', 'fast', 'lost']],
    ['?service=payment', ['slow']],
    ['?service=unknown', []],
    ['?name=GET%20%2Fb', ['fast']],
    ['?route=/a', ['slow']],
    ['?status=5xx', ['fast']],
    ['?status=200-299', ['slow']],
    ['?error', ['fast']],
    ['?error=false', ['lost', 'slow']],
    ['?min=100ms', ['slow']],
    ['?max=6ms', ['lost']],
    ['?hasLog', ['slow']],
    ['?hasLog=false', ['lost', 'fast']],
    ['?attr=customer=Ünal', ['slow']],
    ['?attr=n=7', ['slow']],
    ['?attr=n=8', []],
    ['?attr=customer', ['slow']],
    ['?attr=region=eu', ['slow']],
    ['?attr=customer=Ünal&attr=n=7', ['slow']],
    ['?text=ünal', ['slow']],
    ['?text=POST', ['slow']],
    ['?text=nothing', []],
    ['?limit=1', ['lost']],
    [`?from=${now - 4_100}&to=${now - 3_500}`, ['fast']],
  ])('%s', async (query, expected) => {
    const rows = await rowsOf(await filled(), `/api/traces${encodeURI(decodeURIComponent(query))}`);
    const names = Object.fromEntries(['slow', 'fast', 'lost'].map((name) => [traceId(name), name]));
    expect(rows.map((row) => names[String(row.traceId)])).toEqual(expected);
  });

  test('a row says what the trace is', async () => {
    const [row] = await rowsOf(await filled(), '/api/traces?sort=slowest&limit=1');
    expect(row).toMatchObject({
      service: 'order',
      name: 'GET /a',
      spans: 2,
      errors: 0,
      logs: 1,
      isWhole: true,
      services: expect.arrayContaining([{ service: 'payment', spans: 1 }]),
    });
    expect(row?.durationMs).toBeCloseTo(900, 3);
  });

  test('a trace has its spans in order, its logs and its bottleneck', async () => {
    const running = await filled();
    expect(await running.ask(`/api/traces/${traceId('slow')}`)).toMatchObject({
      root: { name: 'GET /a' },
      bottleneck: { name: 'POST /pay', service: 'payment' },
      spans: [
        { name: 'GET /a', depth: 0, offsetMs: 0, gaps: [[0, expect.closeTo(100, 3)]] },
        { name: 'POST /pay', depth: 1, offsetMs: expect.closeTo(100, 3), criticalMs: expect.closeTo(800, 3) },
      ],
      logs: [{ body: 'card 17 slow', level: 'warn', spanId: spanId('d'), attributes: { table: 'cards' } }],
      orphans: 0,
    });
    expect(await running.ask(`/api/traces/${traceId('lost')}`)).toMatchObject({ orphans: 1 });
    expect(await running.ask('/api/orphans')).toEqual({ looked: 4, orphans: 1, examples: [traceId('lost')] });
  });

  test('a list comes line by line where it is asked to', async () => {
    const { endpoint } = await filled();
    const response = await fetch(`${endpoint}/api/traces?format=ndjson`);
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = (await response.text()).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).traceId)).toContain(traceId('slow'));
  });
});

describe('logs', () => {
  test.each([
    ['', ['all well', 'card 18 slow', 'card 17 slow']],
    ['?level=warn', ['card 18 slow', 'card 17 slow']],
    ['?text=CARD', ['card 18 slow', 'card 17 slow']],
    ['?text=cards', ['card 17 slow']],
    ['?attr=table=cards', ['card 17 slow']],
    [`?trace=${traceId('slow')}`, ['card 17 slow']],
    [`?span=${spanId('d')}`, ['card 17 slow']],
    ['?template=card%20*%20slow', ['card 18 slow', 'card 17 slow']],
    ['?service=order', []],
    ['?limit=1', ['all well']],
  ])('%s', async (query, expected) => {
    const rows = await rowsOf(await filled(), `/api/logs${query}`);
    expect(rows.map((row) => row.body)).toEqual(expected);
  });

  test('lines that differ in numbers only are counted together', async () => {
    const running = await filled();
    expect(await running.ask('/api/logs/templates')).toMatchObject({
      templates: [
        { template: 'card * slow', count: 2, worst: 17 },
        { template: 'all well', count: 1 },
      ],
    });
  });
});

describe('log lines over time', () => {
  const countsOf = async (query: string) => {
    const running = await filled();
    const { levels, steps } = await running.ask<{
      levels: string[];
      steps: { timeMs: number; counts: number[] }[];
    }>(`/api/logs/histogram?${query}`);
    const totals = levels.map((_, level) => steps.reduce((sum, { counts }) => sum + (counts[level] ?? 0), 0));
    return Object.fromEntries(
      levels.map((level, index) => [level, totals[index]]).filter(([, n]) => n !== 0),
    );
  };

  test.each([
    ['', { info: 1, warn: 1, error: 1 }],
    ['level=warn', { warn: 1, error: 1 }],
    ['text=card', { warn: 1, error: 1 }],
    ['attr=table=cards', { warn: 1 }],
    [`trace=${traceId('slow')}`, { warn: 1 }],
    [`span=${spanId('d')}`, { warn: 1 }],
    ['template=all%20well', { info: 1 }],
    ['service=order', {}],
    ['service=nothing', {}],
  ])('are counted by level: %s', async (query, expected) => {
    expect(await countsOf(query)).toEqual(expected);
  });

  test('stand in the step of their time', async () => {
    const running = await filled();
    const { steps, stepMs } = await running.ask<{
      stepMs: number;
      steps: { timeMs: number; counts: number[] }[];
    }>(`/api/logs/histogram?from=${now - 60_000}&to=${now + 1_000}&step=1s&level=error`);
    expect(stepMs).toBe(1_000);
    expect(
      steps.filter(({ counts }) => counts.some((count) => count > 0)).map(({ timeMs }) => timeMs),
    ).toEqual([Math.floor((now - 4_400) / 1_000) * 1_000]);
  });
});

describe('completion', () => {
  test.each([
    ['of=service', ['order', 'payment']],
    ['of=service&in=logs', ['payment']],
    ['of=route', ['/a', '/b']],
    ['of=name&prefix=get', ['GET /a', 'GET /b']],
    ['of=name&service=payment', ['POST /pay']],
    ['of=status', ['200', '503']],
    ['of=key&prefix=http', ['http.response.status_code', 'http.route']],
    ['of=key&in=logs&prefix=tab', ['table']],
    ['of=attr&key=customer', ['Ünal']],
    ['of=attr&key=region', ['eu']],
    ['of=template&in=logs', ['card * slow', 'all well']],
    ['of=level&in=logs', ['error', 'info', 'warn']],
    ['of=name&limit=1', ['GET /a']],
    ['of=name&service=nothing', []],
  ])('%s', async (query, expected) => {
    const running = await filled();
    const { values } = await running.ask<{ values: { value: string; count: number }[] }>(
      `/api/values?${query}`,
    );
    expect(values.map(({ value }) => value)).toEqual(expected);
  });
});

describe('golden signals', () => {
  test('of services, routes and over time', async () => {
    const running = await filled();
    const { services } = await running.ask<{ services: Record<string, unknown>[] }>('/api/services');
    expect(services.find(({ service }) => service === 'order')).toMatchObject({
      count: 2,
      errors: 1,
      errorRatio: 0.5,
      source: 'spans',
      instances: [{ instance: 'order-1' }],
    });
    expect(await rowsOf(running, '/api/routes?service=order')).toHaveLength(2);
    const { points } = await running.ask<{ points: { count: number; slowest?: string }[] }>(
      '/api/signals?service=order&window=5m&step=10s',
    );
    expect(points.reduce((sum, { count }) => sum + count, 0)).toBe(2);
    expect(points.map(({ slowest }) => slowest)).toContain(traceId('slow'));
    const { steps } = await running.ask<{ steps: { buckets: { count: number }[] }[] }>(
      '/api/heat?service=order',
    );
    expect(steps.flatMap(({ buckets }) => buckets).reduce((sum, { count }) => sum + count, 0)).toBe(2);
  });

  test('the status says what is held', async () => {
    const running = await filled();
    expect(await running.ask('/api/status')).toMatchObject({
      spans: 4,
      logs: 3,
      droppedSpans: 0,
      received: { spans: 4, logs: 3, points: 0 },
      requests: { requests: 3, refused: 0 },
    });
  });

  test('the doctor finds the span without its parent, and says what to do', async () => {
    const running = await consoleFor();
    await running.send(
      'traces',
      spansRequest('z', [{ id: 'c', parent: 'nowhere', start: now - 60_000, ms: 5 }]),
    );
    const { findings } = await running.ask<{ findings: { what: string; cure: string }[] }>('/api/doctor');
    expect(findings).toMatchObject([
      { what: 'orphans', harm: 3, service: 'z', cure: expect.stringContaining('OTEL_TRACES_SAMPLER') },
    ]);
  });
});

describe('the doctor, about trace context that gets lost on the way', () => {
  const target = { 'server.address': 'stock', 'server.port': 80, 'http.response.status_code': 200 };

  /** Calls of order, each answered by inventory, some of them in a trace of their own. */
  async function calls({ joined, cut, called = cut }: { joined: number; cut: number; called?: number }) {
    const running = await consoleFor();
    const start = (index: number) => now - 40_000 + 100 * index;
    const clients = Array.from({ length: joined + called }, (_, index) => ({
      id: `c${index}`,
      trace: `t${index}`,
      kind: 3 as const,
      start: start(index),
      ms: 20,
      attributes: target,
    }));
    const servers = Array.from({ length: joined + cut }, (_, index) => ({
      id: `s${index}`,
      ...(index < joined ? { trace: `t${index}`, parent: `c${index}` } : { trace: `own${index}` }),
      kind: 2 as const,
      start: start(index) + 5,
      ms: 10,
    }));
    await running.send('traces', spansRequest('order', clients));
    await running.send('traces', spansRequest('inventory', servers));
    const { findings } = await running.ask<{ findings: { what: string; text: string }[] }>('/api/doctor');
    return findings.filter(({ what }) => what === 'broken-trace');
  }

  test('it names both services, the way between them, and a trace', async () => {
    const found = await calls({ joined: 5, cut: 20 });
    expect(found).toMatchObject([{ service: 'inventory', harm: 3 }]);
    expect(found[0]?.text).toMatch(/order calls it at stock:80: .* in trace [0-9a-f]{32}$/);
  });

  test.each([
    ['every request is in the trace of its call', { joined: 25, cut: 0 }],
    ['most requests are', { joined: 25, cut: 5 }],
    ['the callee gets no requests', { joined: 5, cut: 0, called: 20 }],
    ['other callers begin traces', { joined: 25, cut: 20, called: 0 }],
    ['the two were never joined', { joined: 0, cut: 25 }],
  ])('it finds nothing where %s', async (_, given) => {
    expect(await calls(given)).toEqual([]);
  });
});

describe('what is asked wrongly', () => {
  test.each([
    ['/api/none', 404, 'there are status, services'],
    ['/api/traces?min=fast', 400, 'min takes a time'],
    ['/api/traces?limit=-1', 400, 'limit takes a number'],
    ['/api/traces?error=maybe', 400, 'error takes true or false'],
    ['/api/traces?status=9xx', 400, 'status takes a status of HTTP'],
    ['/api/traces?from=2&to=1', 400, 'from has to be before to'],
    ['/api/traces/abc', 404, 'nothing is held'],
    ['/api/logs?level=loud', 400, 'level takes one of'],
    ['/api/logs?trace=1', 400, '32 hex digits'],
    ['/api/signals', 400, 'service says of which'],
    ['/api/values?of=color', 400, 'of takes one of service'],
    ['/api/values?of=attr', 400, 'key says of which attribute'],
    ['/api/logs/histogram?trace=1', 400, '32 hex digits'],
    ['/api/rules/None', 404, 'there is no rule None'],
    ['/api/signals?service=a&kind=b', 400, 'kind takes one of'],
    ['/api/query?expr=sum(', 400, ''],
    ['/api/__proto__', 404, 'there is no question'],
    ['/api/constructor/x', 404, 'there is no question'],
    ['/nothing', 404, '/api/'],
  ])('%s', async (path, status, message) => {
    const { endpoint } = await consoleFor();
    const response = await fetch(endpoint + path);
    expect(response.status).toBe(status);
    expect(((await response.json()) as { error: string }).error).toContain(message);
  });
});

test('a trace without details has what a row shows, and the details of one span are asked for by its id', async () => {
  const running = await filled();
  const path = `/api/traces/${traceId('slow')}`;
  const whole = await running.ask<{ spans: Record<string, unknown>[] }>(path);
  const rows = await running.ask<{ spans: Record<string, unknown>[] }>(`${path}?detail=false`);
  expect(rows.spans).toHaveLength(2);
  expect(rows.spans[0]).toMatchObject({ name: 'GET /a', depth: 0, selfMs: 100 });
  expect(rows.spans[0]).not.toHaveProperty('attributes');
  const detail = await running.ask<Record<string, unknown>>(`${path}/${spanId('a')}`);
  expect({ ...rows.spans[0], ...detail }).toEqual(whole.spans[0]);
  await expect(running.ask(`${path}/${spanId('z')}`)).rejects.toThrow('is not held');
});

test('a line without a text says what was thrown, else the name of its event', async () => {
  const running = await consoleFor();
  const line = (more: Record<string, unknown>) => ({
    timeUnixNano: `${now - 1_000}000000`,
    severityNumber: 17,
    ...more,
  });
  const thrown = { 'exception.type': 'TypeError', 'exception.message': 'x is not a function' };
  await running.send('logs', {
    resourceLogs: [
      {
        resource: { attributes: attributesOf({ 'service.name': 'order' }) },
        scopeLogs: [
          {
            logRecords: [
              line({ eventName: 'http.server.request.exception', attributes: attributesOf(thrown) }),
              line({ eventName: 'cache.cleared' }),
              line({}),
            ],
          },
        ],
      },
    ],
  });
  const rows = await rowsOf(running, '/api/logs');
  expect(rows.map(({ body }) => body).sort()).toEqual([
    '',
    'TypeError: x is not a function',
    'cache.cleared',
  ]);
  expect(await rowsOf(running, '/api/logs?text=not%20a%20function')).toHaveLength(1);
});
