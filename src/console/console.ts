import { defaultBoundaries } from '../metrics/options.js';
import type { RuleConfig } from '../rules/rule-options.js';
import { VERSION } from '../version.js';
import { Actions } from './actions.js';
import { Watch } from './evidence/watch.js';
import { Access } from './http/access.js';
import { createFront } from './http/front.js';
import { listen } from './http/listen.js';
import { Page } from './http/page.js';
import { Refusal } from './http/refusal.js';
import type { ConsoleOptions } from './options.js';
import { Api } from './questions/api.js';
import { findings } from './questions/doctor.js';
import { Events } from './questions/events.js';
import { objectivesView } from './questions/objectives.js';
import { Receiver } from './receive/receiver.js';
import { Gauges } from './signals/gauges.js';
import { MetricFeed } from './signals/metric-feed.js';
import { Signals } from './signals/signals.js';
import { SpanSeries } from './signals/span-series.js';
import { Starts } from './signals/starts.js';
import { States } from './signals/states.js';
import type { Draft } from './store/draft.js';
import { Store } from './store/store.js';

export interface Console {
  readonly port: number;
  /** For people, with the token where there is one. */
  readonly url: string;
  /** For senders. */
  readonly endpoint: string;
  close(): Promise<void>;
}

/** Of the cells of the golden signals, for each MiB of the store. */
const cellsPerMebibyte = 200;

/** The thresholds are among them, so that a quantile is right there. */
function boundsOf({ p99S, latency }: RuleConfig): readonly number[] {
  return [...new Set([...defaultBoundaries, p99S, latency.thresholdS])].sort((a, b) => a - b);
}

/** Starts a console. @throws where it cannot listen. */
export async function startConsole(options: ConsoleOptions): Promise<Console> {
  const { now, memoryBytes, rules } = options;
  const startedMs = now();
  const store = new Store({ maxBytes: memoryBytes, slowMs: rules.p99S * 1_000, startMs: startedMs, now });
  const { catalog } = store;
  const signals = new Signals(
    catalog,
    store.startMs,
    Math.max(5_000, (cellsPerMebibyte * memoryBytes) / 1_048_576),
  );
  const gauges = new Gauges();
  const states = new States();
  const starts = new Starts(catalog);
  const events = new Events();
  const logCounts = new Map<number, { lines: number; ofTraces: number }>();
  const watch = new Watch({
    store,
    skew: signals.skew,
    rules,
    ownRules: options.ownRules,
    maxForMs: options.maxForMs,
    webhook: options.webhook,
    now,
    timers: options.timers,
    say: options.say,
    beforeEvaluation: (nowMs) => spanSeries.write(nowMs),
    onChange: (event) => events.tell('alert', event),
  });
  const spanSeries = new SpanSeries({
    catalog,
    series: watch.engine.store,
    bounds: boundsOf(rules),
    startMs: store.startMs,
    now,
  });
  const feed = new MetricFeed({
    store,
    signals,
    gauges,
    states,
    series: watch.engine.store,
    boundaries: defaultBoundaries,
    onRequests: (job, timeMs) => spanSeries.metricCame(job, timeMs),
  });
  const actions = options.actions === undefined ? undefined : new Actions(options.actions);
  let resourcesSeen = 1;

  const receiver = new Receiver({
    store,
    onSpan: (draft) => {
      signals.span(draft);
      spanSeries.span(draft);
    },
    onLog: (draft) => countLog(draft),
    onMetrics: (bytes) => feed.take(bytes),
    onTaken: () => {
      for (; resourcesSeen < catalog.resources.length; resourcesSeen += 1) {
        starts.add(resourcesSeen, now());
      }
      if (events.size > 0) events.update('changed', summary());
    },
  });

  function countLog({ resource, trace0, trace1, trace2, trace3 }: Draft): void {
    const { service } = catalog.resource(resource);
    let counts = logCounts.get(service);
    if (counts === undefined) {
      counts = { lines: 0, ofTraces: 0 };
      logCounts.set(service, counts);
    }
    counts.lines += 1;
    if ((trace0 | trace1 | trace2 | trace3) !== 0) counts.ofTraces += 1;
  }

  const summary = () => ({ nowMs: now(), received: { ...store.received, points: feed.received } });

  const parts = { store, catalog, signals, gauges, states, starts, now };
  const api = new Api({
    ...parts,
    status: () => ({
      version: VERSION,
      startedMs,
      ...summary(),
      ...store.status(),
      requests: receiver.counts,
      pages: events.size,
      isOverloaded: store.isOverloaded,
      hasActions: actions !== undefined,
      evidence: { bytes: watch.shelf.bytes, droppedTraces: watch.shelf.dropped },
    }),
    evidence: (traceId) => watch.shelf.trace(traceId),
    alerts: (query) => watch.view(query),
    rules: () => watch.rulesView(),
    measure: (id) => watch.measure(id),
    objectives: () => objectivesView(rules, (expr, atMs) => watch.engine.query(expr, atMs), now()),
    evaluate: (expr, atMs) => watch.engine.query(expr, atMs),
    actions: () => actions?.list() ?? { actions: [], failure: null },
    doctor: async () => ({
      findings: await findings({
        ...parts,
        logCounts,
        rules,
        evaluate: (expr, atMs) => watch.engine.query(expr, atMs),
      }),
    }),
  });
  const access = new Access(options.token, options.allowHosts);
  const page = new Page(options.pageFolder);
  const front = createFront({
    access,
    receiver,
    api,
    events,
    dismiss: (id) => watch.dismiss(id),
    perform: async (name, request, response) => {
      if (actions === undefined) throw new Refusal(404, 'this console was started without --actions');
      await actions.perform(name, request, response);
    },
    page: (url, request, response) => page.serve(url, request, response),
  });
  const { port, steps, servers } = await listen(front, options.host, options.port);
  const shownHost = options.host.includes(':') ? `[${options.host}]` : options.host;
  const endpoint = `http://${shownHost}:${port}`;
  if (steps > 0)
    options.say(
      `port ${options.port} is taken: senders have to be pointed here, OTEL_EXPORTER_OTLP_ENDPOINT=${endpoint}`,
    );
  const url =
    options.token === undefined ? `${endpoint}/` : `${endpoint}/?token=${encodeURIComponent(options.token)}`;
  watch.start(`${endpoint}/`);
  return {
    port,
    endpoint,
    url,
    async close() {
      watch.stop();
      events.close();
      await Promise.all(
        servers.map(
          (server) =>
            new Promise<void>((resolve) => {
              server.close(() => resolve());
              server.closeAllConnections();
            }),
        ),
      );
    },
  };
}
