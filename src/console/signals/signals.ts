import { hexOf } from '../receive/words.js';
import type { Catalog } from '../store/catalog.js';
import { CLIENT, CONSUMER, type Draft, isFailure, kindOf, PRODUCER, SERVER } from '../store/draft.js';
import type { Cell } from './cell.js';
import { ClockSkew } from './clock-skew.js';
import { Joins } from './joins.js';
import { DATABASE, EDGE, ROUTE, SERVICE, SeriesTable } from './series-table.js';
import { Timeline } from './timeline.js';

const maxTargets = 10_000;

/** The golden signals of all services, kept up with every span: nothing is computed from the store when somebody asks. */
export class Signals {
  readonly series = new SeriesTable();
  readonly timeline: Timeline;
  readonly skew = new ClockSkew();
  readonly #catalog: Catalog;
  readonly #startMs: number;
  readonly #joins: Joins;
  /** By caller and target: which services answered there, and how often. */
  readonly #callees = new Map<number, Map<number, number>>();
  readonly #databases = new Set<number>();

  constructor(catalog: Catalog, startMs: number, maxCells: number) {
    this.#catalog = catalog;
    this.#startMs = startMs;
    this.timeline = new Timeline(maxCells);
    this.#joins = new Joins((join) => {
      this.skew.add(join);
      const caller = catalog.resource(join.caller).service;
      const callee = catalog.resource(join.callee).service;
      const key = caller * 131_072 + join.target;
      let callees = this.#callees.get(key);
      if (callees === undefined) {
        if (this.#callees.size >= maxTargets) return;
        callees = new Map();
        this.#callees.set(key, callees);
      }
      callees.set(callee, (callees.get(callee) ?? 0) + 1);
    });
  }

  span(draft: Draft): void {
    const { resource, start, duration, name, route } = draft;
    const kind = kindOf(draft.kind);
    if (kind < SERVER) return;
    const { service } = this.#catalog.resource(resource);
    const endMs = this.#startMs + (start + duration) / 1e6;
    const ms = duration / 1e6;
    const isFailed = isFailure(draft.kind, draft.http);
    const traceId = () => hexOf([draft.trace0, draft.trace1, draft.trace2, draft.trace3], 0, 4);
    const add = (series: number) => this.timeline.add(series, endMs, ms, isFailed, traceId);
    if (kind === SERVER || kind === CONSUMER) {
      add(this.series.idOf(SERVICE, service, 0, 0));
      add(this.series.idOf(ROUTE, service, name, 0));
      if ((draft.parent0 | draft.parent1) !== 0)
        this.#joins.request(draft.parent0, draft.parent1, resource, start, duration);
    } else if (kind === CLIENT || kind === PRODUCER) {
      add(this.series.idOf(EDGE, service, 0, route));
      if (this.#isDatabase(route)) add(this.series.idOf(DATABASE, service, name, route));
      else this.#joins.call(draft.span0, draft.span1, resource, route, start, duration);
    }
  }

  /** The requests of a service that a metric has counted. */
  counted(service: number, routeName: string, timeMs: number, cell: Cell): void {
    this.timeline.merge(this.series.idOf(SERVICE, service, 0, 0, true), timeMs, cell);
    const name = this.#catalog.names.ofText(routeName);
    this.timeline.merge(this.series.idOf(ROUTE, service, name, 0, true), timeMs, cell);
  }

  /** The services that have answered for a target, most often first; none for one that is not instrumented. */
  calleesOf(caller: number, target: number): { service: number; share: number }[] {
    const callees = [...(this.#callees.get(caller * 131_072 + target) ?? [])];
    const total = callees.reduce((sum, [, count]) => sum + count, 0);
    return callees
      .map(([service, count]) => ({ service, share: count / total }))
      .sort((a, b) => b.share - a.share);
  }

  /** `postgresql db:5432` and the like have a system before them. */
  #isDatabase(target: number): boolean {
    if (this.#databases.has(target)) return true;
    const text = this.#catalog.routes.text(target);
    if (!text.includes(' ')) return false;
    this.#databases.add(target);
    return true;
  }
}
