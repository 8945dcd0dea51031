import type { TraceColumns, TraceView } from '../data/answers.js';

type Span = TraceView['spans'][number];
type Parts = readonly (readonly [number, number])[];

const idLength = 16;
const nothing: Parts = [];

/** A trace with its spans as objects that read the columns when they are asked: of 10,000 only those in view are. */
export function viewOf(answer: TraceView | TraceColumns): TraceView {
  const { spans } = answer;
  return 'ids' in spans ? { ...answer, spans: spansOf(answer as TraceColumns) } : (answer as TraceView);
}

/** How many spans an answer has. */
export function spanCount({ spans }: TraceView | TraceColumns): number {
  return 'ids' in spans ? spans.service.length : spans.length;
}

function spansOf({ spans: columns, startMs, traceId }: TraceColumns): Span[] {
  const table = new SpanTable(columns, startMs, traceId);
  return columns.service.map((_service, place) => new ColumnSpan(table, place));
}

class SpanTable {
  readonly depth: Int32Array;
  readonly failed: Uint8Array;
  readonly criticalMs: Float64Array;
  readonly orphanParents = new Map<number, string>();
  readonly #critical: PartLists;
  readonly #gaps: PartLists;

  constructor(
    readonly columns: TraceColumns['spans'],
    readonly startMs: number,
    readonly traceId: string,
  ) {
    const { service, parent, failed, orphans, orphanParents, critical, gaps } = columns;
    const count = service.length;
    this.depth = new Int32Array(count);
    for (let place = 0; place < count; place += 1) {
      const above = parent[place] as number;
      if (above >= 0) this.depth[place] = (this.depth[above] as number) + 1;
    }
    this.failed = new Uint8Array(count);
    for (const place of failed) this.failed[place] = 1;
    for (const [index, place] of orphans.entries())
      this.orphanParents.set(place, orphanParents[index] as string);
    this.criticalMs = new Float64Array(count);
    for (let at = 0; at < critical.length; at += 3) {
      const place = critical[at] as number;
      this.criticalMs[place] =
        (this.criticalMs[place] as number) + (critical[at + 2] as number) - (critical[at + 1] as number);
    }
    this.#critical = new PartLists(critical, count);
    this.#gaps = new PartLists(gaps, count);
  }

  critical(place: number): Parts {
    return this.#critical.of(place);
  }

  gaps(place: number): Parts {
    return this.#gaps.of(place);
  }
}

/** Times of each span in one list of numbers. */
class PartLists {
  readonly #flat: readonly number[];
  /** Where the last part of a span is, and the part before each, as place in the list + 1. */
  readonly #last: Int32Array;
  readonly #before: Int32Array;

  constructor(flat: readonly number[], count: number) {
    this.#flat = flat;
    this.#last = new Int32Array(count);
    this.#before = new Int32Array(flat.length / 3);
    for (let index = 0; index < this.#before.length; index += 1) {
      const place = flat[3 * index] as number;
      this.#before[index] = this.#last[place] as number;
      this.#last[place] = index + 1;
    }
  }

  of(place: number): Parts {
    let index = (this.#last[place] as number) - 1;
    if (index < 0) return nothing;
    const parts: [number, number][] = [];
    for (; index >= 0; index = (this.#before[index] as number) - 1)
      parts.push([this.#flat[3 * index + 1] as number, this.#flat[3 * index + 2] as number]);
    return parts;
  }
}

class ColumnSpan implements Span {
  readonly #table: SpanTable;
  readonly #place: number;

  constructor(table: SpanTable, place: number) {
    this.#table = table;
    this.#place = place;
  }

  get traceId() {
    return this.#table.traceId;
  }
  get spanId() {
    return this.#idAt(this.#place);
  }
  get parentId() {
    const above = this.#table.columns.parent[this.#place] as number;
    return above >= 0 ? this.#idAt(above) : (this.#table.orphanParents.get(this.#place) ?? '');
  }
  get service() {
    const { services, service } = this.#table.columns;
    return services[service[this.#place] as number] as string;
  }
  get name() {
    const { names, name } = this.#table.columns;
    return names[name[this.#place] as number] as string;
  }
  get kind() {
    const { kinds, kind } = this.#table.columns;
    return kinds[kind[this.#place] as number] as string;
  }
  get route() {
    const { routes, route } = this.#table.columns;
    return routes[route[this.#place] as number] as string;
  }
  get startMs() {
    return this.#table.startMs + this.offsetMs + (this.#table.columns.aheadMs?.[this.#place] ?? 0);
  }
  get durationMs() {
    return this.#table.columns.durationMs[this.#place] as number;
  }
  get isFailed() {
    return this.#table.failed[this.#place] === 1;
  }
  get http() {
    return this.#table.columns.http[this.#place] as number;
  }
  get depth() {
    return this.#table.depth[this.#place] as number;
  }
  get offsetMs() {
    return this.#table.columns.offsetMs[this.#place] as number;
  }
  get selfMs() {
    return this.#table.columns.selfMs[this.#place] as number;
  }
  get criticalMs() {
    return this.#table.criticalMs[this.#place] as number;
  }
  get critical() {
    return this.#table.critical(this.#place);
  }
  get gaps() {
    return this.#table.gaps(this.#place);
  }
  get isOrphan() {
    return this.#table.orphanParents.has(this.#place);
  }

  #idAt(place: number): string {
    return this.#table.columns.ids.slice(idLength * place, idLength * (place + 1));
  }
}
