// Days of two services through a whole console, by a clock that is moved: every request goes over HTTP, rules are evaluated as they fall due.
import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { createManualTime } from './manual-time.mjs';

const stepMs = 10_000;
const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 10, 1);
const faultMs = 600_000;
const bounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 3, 5, 7.5, 10];
const faults = ['slow', 'failing', 'pool'];
const alertOf = { slow: 'HighLatencyP99', failing: 'HighErrorRate', pool: 'DbPoolSaturated' };

/** Each kind of fault in turn, ten minutes each: half an hour after the beginning, and `everyHours` after the last one. */
function faultsOf(hours, everyHours) {
  const list = [];
  for (let atHours = 0.5; atHours + 1 < hours; atHours += everyHours) {
    const fromMs = startMs + atHours * hourMs;
    list.push({ kind: faults[list.length % faults.length], fromMs, toMs: fromMs + faultMs });
  }
  return list;
}

function createClient(endpoint) {
  const agent = new Agent({ keepAlive: true });
  const call = (method, path, body) =>
    new Promise((resolve, reject) => {
      const headers =
        body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const req = request(endpoint + path, { agent, method, headers }, async (response) => {
        const chunks = [];
        for await (const chunk of response) chunks.push(chunk);
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${text.slice(0, 200)}`));
      });
      req.on('error', reject);
      req.end(body);
    });
  return {
    ask: async (path) => JSON.parse(await call('GET', path)),
    send: (signal, body) => call('POST', `/v1/${signal}`, JSON.stringify(body)),
    close: () => agent.destroy(),
  };
}

const nano = (ms) => `${Math.round(ms * 1_000)}000`;
const attributes = (given) =>
  Object.entries(given).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }));
const resourceOf = (service) => ({
  attributes: attributes({ 'service.name': service, 'service.instance.id': `${service}-1` }),
});

/** What the services have counted since they began. */
function createCounts() {
  const series = new Map();
  return {
    count(service, status, seconds) {
      const key = `${service} ${status}`;
      const one = series.get(key) ?? {
        service,
        status,
        buckets: new Array(bounds.length + 1).fill(0),
        sum: 0,
        count: 0,
      };
      series.set(key, one);
      const index = bounds.findIndex((bound) => seconds <= bound);
      one.buckets[index < 0 ? bounds.length : index] += 1;
      one.sum += seconds;
      one.count += 1;
    },
    request(atMs, used) {
      const time = { startTimeUnixNano: nano(startMs), timeUnixNano: nano(atMs) };
      const gauge = (name, unit, points) => ({ name, unit, gauge: { dataPoints: points } });
      const updown = (name, unit, points) => ({
        name,
        unit,
        sum: { aggregationTemporality: 2, isMonotonic: false, dataPoints: points },
      });
      const point = (value, labels = {}) => ({ ...time, asDouble: value, attributes: attributes(labels) });
      const pool = { 'db.client.connection.pool.name': 'cards' };
      return {
        resourceMetrics: ['order', 'payment'].map((service) => ({
          resource: resourceOf(service),
          scopeMetrics: [
            {
              scope: { name: 'replay' },
              metrics: [
                {
                  name: 'http.server.request.duration',
                  unit: 's',
                  histogram: {
                    aggregationTemporality: 2,
                    dataPoints: [...series.values()]
                      .filter((one) => one.service === service)
                      .map(({ status, buckets, sum, count }) => ({
                        ...time,
                        attributes: attributes({ 'http.route': '/all', 'http.response.status_code': status }),
                        explicitBounds: bounds,
                        bucketCounts: buckets.map(String),
                        sum,
                        count: String(count),
                      })),
                  },
                },
                gauge('nodejs.eventloop.utilization', '1', [point(0.1)]),
                gauge('nodejs.eventloop.delay.p99', 's', [point(0.01)]),
                gauge('golden_signals.heartbeat.timestamp', 's', [point(atMs / 1_000)]),
                gauge('golden_signals.heartbeat.interval', 's', [point(10)]),
                ...(service === 'payment'
                  ? [
                      updown('db.client.connection.count', '{connection}', [
                        point(used, { ...pool, 'db.client.connection.state': 'used' }),
                        point(10 - used, { ...pool, 'db.client.connection.state': 'idle' }),
                      ]),
                      updown('db.client.connection.limit', '{connection}', [point(10, pool)]),
                    ]
                  : []),
              ],
            },
          ],
        })),
      };
    },
  };
}

/** One request to both services, with its lines. `index` says which of its step. */
function trace(out, counts, atMs, index, fault) {
  const isSlow = fault === 'slow' && index % 4 === 0;
  const isFailed = fault === 'failing' && index % 5 === 0;
  const queryMs = isSlow ? 4_000 : 8 + (index % 7);
  const traceId = randomBytes(16).toString('hex');
  const id = () => randomBytes(8).toString('hex');
  const [order, call, payment, query] = [id(), id(), id(), id()];
  const status = isFailed ? 503 : 200;
  const span = (spanId, parentSpanId, name, kind, lessMs, more) => ({
    traceId,
    spanId,
    parentSpanId,
    name,
    kind,
    startTimeUnixNano: nano(atMs - queryMs - 6 + lessMs),
    endTimeUnixNano: nano(atMs - lessMs),
    attributes: attributes(more),
    status: isFailed && kind !== 1 ? { code: 2 } : {},
  });
  const server = { 'http.route': '/all', 'http.response.status_code': status };
  out.order.push(
    span(order, undefined, 'POST /orders', 2, 0, { ...server, 'url.path': `/orders/${traceId.slice(0, 8)}` }),
    span(call, order, 'POST', 3, 1, {
      'server.address': 'payment',
      'server.port': 8080,
      'http.response.status_code': status,
    }),
  );
  out.payment.push(
    span(payment, call, 'POST /charges', 2, 2, server),
    span(query, payment, 'SELECT cards', 3, 3, {
      'db.system.name': 'postgresql',
      'server.address': 'db',
      'server.port': 5432,
    }),
  );
  const line = (severityNumber, text) => ({
    timeUnixNano: nano(atMs - 1),
    severityNumber,
    body: { stringValue: text },
    traceId,
    spanId: payment,
  });
  out.logs.push(line(9, `charged ${index} in ${queryMs} ms`));
  if (isSlow) out.logs.push(line(17, 'card lookup slow'));
  if (isFailed) out.logs.push(line(17, 'charge refused'));
  counts.count('order', status, (queryMs + 6) / 1_000);
  counts.count('payment', status, (queryMs + 2) / 1_000);
}

async function step(client, counts, atMs, traces, fault) {
  const out = { order: [], payment: [], logs: [] };
  for (let index = 0; index < traces; index += 1)
    trace(out, counts, atMs - (index * stepMs) / traces, index, fault);
  await client.send('traces', {
    resourceSpans: ['order', 'payment'].map((service) => ({
      resource: resourceOf(service),
      scopeSpans: [{ scope: { name: 'replay' }, spans: out[service] }],
    })),
  });
  await client.send('logs', {
    resourceLogs: [
      { resource: resourceOf('payment'), scopeLogs: [{ scope: { name: 'replay' }, logRecords: out.logs }] },
    ],
  });
  await client.send('metrics', counts.request(atMs, fault === 'pool' ? 10 : 2));
}

/** What is wrong with the alerts that were seen, in words. */
function judge(seen, planned) {
  const wrong = [];
  const left = [...seen.values()].filter(({ name }) => name !== 'Watchdog');
  for (const { kind, fromMs, toMs } of planned) {
    const name = alertOf[kind];
    const own = left.filter((one) => one.name === name && one.firedAtMs >= fromMs && one.firedAtMs <= toMs);
    const at = `${name} of the fault at ${((fromMs - startMs) / hourMs).toFixed(1)} h`;
    if (own.length === 0) wrong.push(`${at} has not fired`);
    for (const { firedAtMs, resolvedAtMs, labels } of own) {
      if (firedAtMs > fromMs + 60_000)
        wrong.push(`${at} (${labels.job}) fired ${(firedAtMs - fromMs) / 1_000} s after its beginning`);
      // Shares and quantiles are over five minutes.
      if (resolvedAtMs === null || resolvedAtMs > toMs + 360_000)
        wrong.push(`${at} (${labels.job}) did not resolve in time`);
    }
  }
  // An objective remembers a fault for days.
  const burnsFrom = Math.min(...planned.filter(({ kind }) => kind !== 'pool').map(({ fromMs }) => fromMs));
  const isOfFault = ({ name, firedAtMs }) =>
    (name.startsWith('SloBurn') && firedAtMs >= burnsFrom) ||
    planned.some(
      ({ kind, fromMs, toMs }) =>
        alertOf[kind] === name && firedAtMs >= fromMs && firedAtMs <= toMs + 360_000,
    );
  for (const one of left)
    if (!isOfFault(one))
      wrong.push(
        `${one.name} (${one.labels.job}) fired at ${((one.firedAtMs - startMs) / hourMs).toFixed(2)} h, without a fault`,
      );
  return wrong;
}

async function judgeEvidence(client, planned, nowMs) {
  const wrong = [];
  const { history } = await client.ask('/api/alerts');
  const lately = planned.filter(({ fromMs }) => nowMs - fromMs < 23 * hourMs);
  for (const { kind, fromMs, toMs } of lately) {
    const own = history.filter(
      ({ name, firedAtMs }) => name === alertOf[kind] && firedAtMs >= fromMs && firedAtMs <= toMs,
    );
    for (const { id } of own) {
      const { history: episodes } = await client.ask(`/api/alerts?id=${encodeURIComponent(id)}`);
      // Evidence is that of the last time that an alert fired.
      if (episodes[0]?.firedAtMs !== own.find((one) => one.id === id).firedAtMs) continue;
      const evidence = episodes[0]?.evidence;
      const what = `the evidence of ${alertOf[kind]} at ${((fromMs - startMs) / hourMs).toFixed(1)} h`;
      if (!(evidence?.traces.length > 0)) {
        wrong.push(`${what} is gone`);
        continue;
      }
      await client
        .ask(`/api/traces/${evidence.traces[0].traceId}`)
        .catch((error) => wrong.push(`${what}: ${error.message}`));
      if (kind === 'slow' && evidence.bottleneck?.name !== 'SELECT cards')
        wrong.push(`${what} has the bottleneck ${evidence.bottleneck?.name}`);
      const error = { slow: 'card lookup slow', failing: 'charge refused' }[kind];
      if (error !== undefined && evidence.firstError?.body !== error)
        wrong.push(`${what} has the line ${evidence.firstError?.body}`);
    }
  }
  return wrong;
}

/**
 * Sends `hours` of telemetry to a console that is started with a clock of its own, and gives what it held each hour and what was wrong with its
 * alerts. `memoryOf` reads the memory of the process.
 */
export async function replayDays({
  startConsole,
  options,
  hours,
  everyHours = 3,
  traces = 20,
  memoryOf = () => ({}),
  onHour = () => {},
}) {
  const clock = createManualTime(startMs);
  const said = [];
  const running = await startConsole({
    host: 'localhost',
    port: 0,
    token: undefined,
    allowHosts: [],
    maxForMs: 10_000,
    ownRules: [],
    webhook: undefined,
    actions: undefined,
    pageFolder: undefined,
    now: clock.now,
    timers: clock.timers,
    say: (line) => said.push(line),
    ...options,
  });
  const client = createClient(running.endpoint);
  try {
    const planned = faultsOf(hours, everyHours);
    const counts = createCounts();
    const seen = new Map();
    const readings = [];
    for (let steps = 1; steps <= (hours * hourMs) / stepMs; steps += 1) {
      await clock.pass(stepMs);
      const atMs = clock.now();
      const fault = planned.find(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs)?.kind;
      await step(client, counts, atMs, traces, fault);
      if ((steps * stepMs) % hourMs !== 0) continue;
      const { history } = await client.ask('/api/alerts');
      for (const one of history) seen.set(`${one.id} ${one.firedAtMs}`, one);
      const { bytes, maxBytes, received, droppedSpans, evidence } = await client.ask('/api/status');
      const { series, stats } = await client.ask('/api/rules');
      const reading = {
        ...{ hour: (steps * stepMs) / hourMs, bytes, maxBytes, received: received.spans, droppedSpans },
        ...{ evidenceBytes: evidence.bytes, seriesBytes: series.bytes, evictedSeries: series.evictedSeries },
        ...{ missed: stats.missed, alerts: seen.size, ...memoryOf() },
      };
      readings.push(reading);
      onHour(reading);
    }
    const wrong = [...judge(seen, planned), ...(await judgeEvidence(client, planned, clock.now()))];
    return { planned: planned.length, readings, wrong, said };
  } finally {
    client.close();
    await running.close();
  }
}
