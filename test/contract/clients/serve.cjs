// What a child process does once its clients are loaded and instrument() was called: makes the calls it is told to, each under a span
// of a caller, and says what came of it.

const collector = {
  started: 0,
  ended: [],
  onStart() {
    this.started += 1;
  },
  onEnd(span) {
    this.ended.push(span);
    // The span of a call ends with the head of the response.
    if (span.kind === 2) this.onHead();
  },
  onHead() {},
  forceFlush: async () => {},
  shutdown: async () => {},
};

const complaints = [];
let isServing = false;
process.on('unhandledRejection', (reason) =>
  complaints.push(`unhandledRejection: ${reason?.stack ?? reason}`),
);
process.on('uncaughtException', (error) => {
  complaints.push(`uncaughtException: ${error?.stack ?? error}`);
  if (isServing) return;
  // It would never answer.
  console.error(error);
  process.exit(1);
});
process.on('warning', (warning) => {
  if (warning.name !== 'ExperimentalWarning') complaints.push(`warning: ${warning.stack}`);
});
const write = process.stderr.write.bind(process.stderr);
process.stderr.write = (text, ...others) => {
  if (/internal error/.test(text)) complaints.push(text);
  return /^golden-signals (info|warn): circuit/.test(text) || write(text, ...others);
};

let signals;
let reader;

/** Calls instrument() of the build under test. */
exports.start = (options = {}) => {
  const { MetricReader } = require('@opentelemetry/sdk-metrics');
  class Reader extends MetricReader {
    async onForceFlush() {}
    async onShutdown() {}
  }
  reader = new Reader();
  const { instrument } = require(process.env.GS_DIST);
  signals = instrument(undefined, {
    service: 'clients',
    traces: { processors: [collector] },
    metrics: { readers: [reader] },
    // The limit is never reached: with one, a breaker knows how many calls are under way.
    breaker: { minimumCalls: 100_000, maxConcurrent: 100_000 },
    ...options,
  });
};

const turn = () => new Promise((resolve) => setImmediate(resolve));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** When this process last stood still: what is left of a time-out's evidence is forgotten for half a second after. */
let stoodStillAt = Number.NEGATIVE_INFINITY;
let tickedAt = performance.now();
setInterval(() => {
  const now = performance.now();
  if (now - tickedAt > 60) stoodStillAt = now;
  tickedAt = now;
}, 10);
const hasStoodStill = () => performance.now() - stoodStillAt < 1_000 || performance.now() - tickedAt > 60;

async function settled(upstream) {
  const began = performance.now();
  const isOver = () =>
    collector.started === collector.ended.length && (signals.breakers.get(upstream)?.inFlight ?? 0) === 0;
  // At first without a pause: most calls are over in a few turns. A machine may be busy, so the end is far off.
  while (!isOver() && performance.now() < began + 60_000) {
    if (performance.now() < began + 5) await turn();
    else await pause(1);
  }
  return isOver();
}

async function durations() {
  const { resourceMetrics } = await reader.collect();
  const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  const duration = metrics.find(({ descriptor }) => descriptor.name === 'http.client.request.duration');
  return new Map(
    (duration?.dataPoints ?? []).map(({ attributes, value }) => [JSON.stringify(attributes), value.count]),
  );
}

function describeError(error, depth = 0) {
  if (typeof error !== 'object' || error === null) return { name: String(error) };
  const { name, code, message, upstream, cause } = error;
  return {
    name,
    code,
    message,
    upstream,
    ...(cause !== undefined && depth < 4 && { cause: describeError(cause, depth + 1) }),
  };
}

const describeSpan = (span) => ({
  name: span.name,
  kind: span.kind,
  traceId: span.spanContext().traceId,
  spanId: span.spanContext().spanId,
  parentSpanId: span.parentSpanContext?.spanId,
  status: span.status.code,
  attributes: span.attributes,
  events: span.events.map(({ name, attributes }) => ({ name, attributes })),
  links: span.links.map(({ context }) => context.spanId),
  durationNs: span.duration[0] * 1e9 + span.duration[1],
});

function signalOf(abort) {
  if (abort === undefined) return undefined;
  if (abort.timeoutMs !== undefined) return AbortSignal.timeout(abort.timeoutMs);
  const controller = new AbortController();
  const reason = abort.reason === undefined ? undefined : new Error(abort.reason);
  if (abort.afterHead) collector.onHead = () => setTimeout(() => controller.abort(reason), 10);
  else abortNow = () => controller.abort(reason);
  return controller.signal;
}

let abortNow = () => {};

async function run(clients, { client, url, upstream, method = 'GET', abort, circuit, warmUp }) {
  const { call, fns } = clients[client];
  const { origin } = new URL(url);
  if (warmUp !== undefined) {
    // It may be to fail: what it has left behind is what counts.
    await call(fns, { url: warmUp, method: 'GET', origin }).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await settled(upstream);
  const breaker = signals.breakers.get(upstream);
  const held = circuit === 'open' ? breaker.forceOpen() : undefined;
  const before = signals.breakers.get(upstream)?.snapshot();
  const measured = await durations();
  collector.started = 0;
  collector.ended.length = 0;
  collector.onHead = () => {};
  let result;
  let caller;
  await signals.tracer.startActiveSpan('caller', async (span) => {
    caller = span;
    try {
      result = await call(fns, { url, method, signal: signalOf(abort), origin });
    } catch (error) {
      result = { error: describeError(error) };
    }
    span.end();
  });
  const isSettled = await settled(upstream);
  const after = signals.breakers.get(upstream)?.snapshot();
  held?.release();
  signals.breakers.get(upstream)?.reset();
  const points = [];
  for (const [key, count] of await durations()) {
    const more = count - (measured.get(key) ?? 0);
    if (more > 0) points.push({ attributes: JSON.parse(key), count: more });
  }
  return {
    result,
    isSettled,
    hasStoodStill: hasStoodStill(),
    caller: describeSpan(caller),
    spans: collector.ended.filter((span) => span !== caller).map(describeSpan),
    points,
    evidence: {
      calls: (after?.calls ?? 0) - (before?.calls ?? 0),
      failures: (after?.failures ?? 0) - (before?.failures ?? 0),
      state: after?.state,
      rejected: (after?.rejected ?? 0) - (before?.rejected ?? 0),
    },
  };
}

/** Answers the parent until it lets go. `clients` has an adapter's call and its functions by name. */
exports.serve = (clients) => {
  process.on('message', async ({ id, order }) => {
    try {
      const value =
        order === 'complaints' ? complaints : order === 'abort' ? abortNow() : await run(clients, order);
      process.send({ id, value });
    } catch (error) {
      process.send({ id, failed: error?.stack ?? String(error) });
    }
  });
  process.on('disconnect', () => process.exit());
  isServing = true;
  process.send({ id: 0 });
};
