import type { ServerResponse } from 'node:http';
import type { Measure } from '../alerts/measure.js';
import { Refusal } from '../http/refusal.js';
import { traceWords } from '../receive/words.js';
import type { Store } from '../store/store.js';
import { breakersView } from './breakers-view.js';
import { logHistogram } from './log-histogram.js';
import { logTemplates, searchLogs } from './log-search.js';
import { countOrphans } from './orphans.js';
import { exportAll, exportTrace } from './otlp-export.js';
import { Query } from './query.js';
import { ruleChart } from './rule-chart.js';
import { gaugesView, mapView, type ServiceParts, servicesView, statesView } from './services-view.js';
import { latencyHeat, signalRows, signalSteps } from './signals-view.js';
import { searchTraces } from './trace-search.js';
import { spanOfTrace, type TraceView, traceColumns, traceView } from './trace-view.js';
import { valuesView } from './values.js';

export interface ApiParts extends ServiceParts {
  readonly store: Store;
  readonly now: () => number;
  readonly status: () => unknown;
  /** A trace that was kept with an alert. */
  readonly evidence: (traceId: string) => TraceView | undefined;
  readonly alerts: (query: Query) => unknown;
  readonly rules: () => unknown;
  /** What a rule measures, by its id. @throws where it measures nothing. */
  readonly measure: (id: string) => { readonly expr: string; readonly measure: Measure } | undefined;
  readonly objectives: () => unknown;
  /** What an expression of PromQL gives. @throws where it cannot be evaluated. */
  readonly evaluate: (expr: string, atMs: number) => unknown;
  /** What may be done by a button of the page. */
  readonly actions: () => unknown;
  readonly doctor: (query: Query) => unknown;
}

type Answer = unknown | AsyncIterable<unknown>;
type Handler = (query: Query, rest: string) => Answer;

const mostRows = 100_000;

/** Answers questions under `/api/`. Every answer is JSON; a list is NDJSON where `format=ndjson` asks for it. */
export class Api {
  readonly #handlers: Readonly<Record<string, Handler>>;
  readonly #now: () => number;

  constructor(parts: ApiParts) {
    const { store, signals, catalog, now } = parts;
    this.#now = now;
    const rows = (query: Query, kinds: Parameters<typeof signalRows>[2]) => {
      const service = query.text('service');
      const all = signalRows(signals, catalog, kinds, query.window());
      return { rows: service === undefined ? all : all.filter((row) => row.service === service) };
    };
    this.#handlers = {
      status: () => parts.status(),
      services: (query) => ({ services: servicesView(parts, query, now()) }),
      signals: (query) => signalSteps(signals, catalog, query),
      heat: (query) => latencyHeat(signals, catalog, query),
      routes: (query) => rows(query, ['route']),
      edges: (query) => rows(query, ['edge']),
      databases: (query) => rows(query, ['database']),
      map: (query) => mapView(parts, query, now()),
      states: (query) => statesView(parts, query, now()),
      gauges: (query) => gaugesView(parts, query),
      breakers: (query) => breakersView(parts, query, now()),
      traces: (query) => searchTraces(store, query, query.limit(100, mostRows)),
      'traces/': (query, rest) => {
        const [id = '', spanId] = rest.split('/');
        if (spanId !== undefined) {
          const detail =
            spanOfTrace(store, id, spanId) ?? parts.evidence(id)?.spans.find((one) => one.spanId === spanId);
          if (detail === undefined)
            throw new Refusal(404, `span ${spanId.slice(0, 40)} of trace ${id.slice(0, 40)} is not held`);
          return detail;
        }
        const held = hasColumns(query)
          ? traceColumns(store, signals.skew, id)
          : traceView(store, signals.skew, id, query.flag('detail') ?? true);
        // What is left of a trace may be less than what was kept of it.
        const isPartial = held === undefined || held.services.length === 0 || held.orphans > 0;
        const kept = isPartial ? parts.evidence(id) : undefined;
        const view = kept !== undefined && sizeOf(kept) >= sizeOf(held) ? kept : held;
        if (view === undefined) throw new Refusal(404, `of trace ${id.slice(0, 40)} nothing is held`);
        return view;
      },
      'otlp/': (_query, id) => {
        const words = traceWords(id);
        const requests = words === undefined ? [] : exportTrace(store, words);
        if (requests.length === 0) throw new Refusal(404, `of trace ${id.slice(0, 40)} nothing is held`);
        return { requests };
      },
      export: (query) =>
        exportAll(store, query, query.limit(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)),
      logs: (query) => searchLogs(store, query, query.limit(200, mostRows)),
      'logs/templates': async (query) => ({
        templates: await logTemplates(store, query, query.limit(100, 1_000)),
      }),
      'logs/histogram': (query) => logHistogram(store, query),
      values: (query) => valuesView(store, query),
      orphans: () => countOrphans(store),
      alerts: (query) => parts.alerts(query),
      rules: () => parts.rules(),
      'rules/': async (query, id) => {
        const found = parts.measure(decodeURIComponent(id));
        if (found === undefined)
          throw new Refusal(404, `there is no rule ${id.slice(0, 60)}; /api/rules lists them`);
        return { id, expr: found.expr, ...(await ruleChart(found.measure, query)) };
      },
      objectives: () => parts.objectives(),
      query: (query) => {
        const expr = query.text('expr');
        if (expr === undefined) throw new Refusal(400, 'expr takes an expression of PromQL');
        try {
          return parts.evaluate(expr, query.number('at') ?? now());
        } catch (error) {
          throw new Refusal(400, (error as Error).message);
        }
      },
      actions: () => parts.actions(),
      doctor: (query) => parts.doctor(query),
    };
  }

  /** @throws Refusal */
  async answer(url: URL, response: ServerResponse): Promise<void> {
    const path = url.pathname.slice('/api/'.length);
    const query = new Query(url.searchParams, this.#now());
    const slash = path.indexOf('/');
    const handler =
      (Object.hasOwn(this.#handlers, path) ? this.#handlers[path] : undefined) ??
      (slash > 0 && Object.hasOwn(this.#handlers, path.slice(0, slash + 1))
        ? this.#handlers[path.slice(0, slash + 1)]
        : undefined);
    if (handler === undefined)
      throw new Refusal(
        404,
        `there is no question ${path.slice(0, 60)}; there are ${Object.keys(this.#handlers).join(', ')}`,
      );
    const answer = await handler(query, path.slice(slash + 1));
    const isList = typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer;
    if (isList && (path === 'export' || query.text('format') === 'ndjson'))
      await writeLines(response, answer as AsyncIterable<unknown>);
    else if (isList) {
      const list: unknown[] = [];
      for await (const one of answer as AsyncIterable<unknown>) list.push(one);
      writeJson(response, 200, { rows: list });
    } else writeJson(response, 200, answer);
  }
}

/** Whether the spans of a trace are asked for in columns. */
function hasColumns(query: Query): boolean {
  const spans = query.text('spans');
  if (spans !== undefined && spans !== 'columns')
    throw new Refusal(400, `spans takes columns, got ${spans.slice(0, 60)}`);
  return spans !== undefined;
}

export function writeJson(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

function sizeOf(view: Pick<TraceView, 'services'> | undefined): number {
  return view === undefined ? 0 : view.services.reduce((sum, { spans }) => sum + spans, 0);
}

/** A value in each line, written as fast as it is read. */
async function writeLines(response: ServerResponse, lines: AsyncIterable<unknown>): Promise<void> {
  let hasBegun = false;
  for await (const line of lines) {
    if (!hasBegun)
      response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    hasBegun = true;
    if (response.destroyed) return;
    if (!response.write(`${JSON.stringify(line)}\n`)) await drained(response);
  }
  if (!hasBegun)
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.removeListener('drain', done);
      response.removeListener('close', done);
      resolve();
    };
    response.once('drain', done);
    response.once('close', done);
  });
}
