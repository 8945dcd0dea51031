import { Catalog } from './catalog.js';
import { Chain } from './chain.js';
import { Draft, FAILED } from './draft.js';
import type { Segment } from './segment.js';
import { TraceSet } from './trace-set.js';

/** What may be held of each service, by kind. */
interface Holding {
  readonly spans: Chain;
  readonly logs: Chain;
  /** Of traces that matter: they outlive the others of their time. */
  readonly keptSpans: Chain;
  readonly keptLogs: Chain;
  droppedSpans: number;
  droppedLogs: number;
}

export type ItemKind = 'spans' | 'logs';

/** A row of the store; valid until its segment is dropped, and readable after that. */
export interface Ref {
  readonly segment: Segment;
  readonly row: number;
}

const maxKeptTraces = 65_536;
/** Of all that is held. */
const maxKeptShare = 0.3;
/** So much may wait to be compressed before senders are asked to wait. */
const maxWaitingBytes = 96 * 1_048_576;

export interface StoreOptions {
  readonly maxBytes: number;
  /** Spans that take longer are kept with their traces, in milliseconds. */
  readonly slowMs: number;
  /** The time from which the store counts, in milliseconds since the epoch. */
  readonly startMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Holds spans and log lines within a number of bytes. Where that is used up, the service that holds most loses its oldest, but not the
 * traces that matter: those that failed, were slow or are examples. What is dropped is counted.
 */
export class Store {
  readonly catalog: Catalog;
  readonly maxBytes: number;
  /** Whole milliseconds. */
  readonly startMs: number;
  readonly #slowNs: number;
  readonly #holdings: Holding[] = [];
  readonly #kept = new TraceSet(maxKeptTraces);
  readonly #draft = new Draft();
  readonly #waiting: { readonly chain: Chain; readonly segment: Segment }[] = [];
  #waitingBytes = 0;
  #isPacking = false;
  received = { spans: 0, logs: 0 };

  constructor({ maxBytes, slowMs, startMs, now }: StoreOptions) {
    this.maxBytes = maxBytes;
    this.catalog = new Catalog(maxBytes, now);
    this.startMs = Math.floor(startMs);
    this.#slowNs = slowMs * 1e6;
  }

  /** True while more comes in than can be put away. */
  get isOverloaded(): boolean {
    return this.#waitingBytes > maxWaitingBytes;
  }

  get bytes(): number {
    let bytes = this.catalog.bytes;
    for (const { spans, logs, keptSpans, keptLogs } of this.#holdings)
      bytes += spans.bytes + logs.bytes + keptSpans.bytes + keptLogs.bytes;
    return bytes;
  }

  insertSpan(draft: Draft, bytes: Buffer): void {
    const holding = this.#holdingOf(draft.resource);
    holding.spans.append(draft, bytes);
    this.received.spans += 1;
    if ((draft.kind & FAILED) !== 0 || draft.duration > this.#slowNs)
      this.#kept.add(draft.trace0, draft.trace1, draft.trace2, draft.trace3);
  }

  insertLog(draft: Draft, bytes: Buffer): void {
    this.#holdingOf(draft.resource).logs.append(draft, bytes);
    this.received.logs += 1;
  }

  /** Has a trace outlive the others, by the four words of its id. */
  keepTrace(words: readonly [number, number, number, number]): void {
    this.#kept.add(...words);
  }

  /** Drops what is too much. Called after each request. */
  settle(): void {
    let bytes = this.bytes;
    while (bytes > this.maxBytes) {
      if (!this.#dropOldest()) return;
      bytes = this.bytes;
    }
  }

  /** All segments with items of that kind; of the services given, or of all. */
  *segments(kind: ItemKind, service?: number): Generator<Segment> {
    const holdings = service === undefined ? this.#holdings : [this.#holdings[service]];
    for (const holding of holdings) {
      if (holding === undefined) continue;
      yield* kind === 'spans' ? holding.spans.segments : holding.logs.segments;
      yield* kind === 'spans' ? holding.keptSpans.segments : holding.keptLogs.segments;
    }
  }

  /** Everything of a trace that is held. */
  ofTrace(kind: ItemKind, [a, b, c, d]: readonly [number, number, number, number], max = 100_000): Ref[] {
    const refs: Ref[] = [];
    for (const segment of this.segments(kind)) {
      let row = segment.newest(a, b, c, d);
      while (row >= 0 && refs.length < max) {
        refs.push({ segment, row });
        row = (segment.columns.next[row] as number) - 1;
      }
    }
    return refs;
  }

  status() {
    const services = this.#holdings.map((holding, index) => ({
      service: this.catalog.services[index] as string,
      spans: holding.spans.rows + holding.keptSpans.rows,
      logs: holding.logs.rows + holding.keptLogs.rows,
      keptSpans: holding.keptSpans.rows,
      bytes: holding.spans.bytes + holding.logs.bytes + holding.keptSpans.bytes + holding.keptLogs.bytes,
      droppedSpans: holding.droppedSpans,
      droppedLogs: holding.droppedLogs,
      sinceMs: this.#sinceOf(holding),
    }));
    const sum = (of: (one: (typeof services)[number]) => number) =>
      services.reduce((total, one) => total + of(one), 0);
    return {
      spans: sum((one) => one.spans),
      logs: sum((one) => one.logs),
      bytes: this.bytes,
      maxBytes: this.maxBytes,
      droppedSpans: sum((one) => one.droppedSpans),
      droppedLogs: sum((one) => one.droppedLogs),
      sinceMs: services.reduce<number | null>(
        (least, { sinceMs }) =>
          sinceMs === null ? least : least === null ? sinceMs : Math.min(least, sinceMs),
        null,
      ),
      services: services.filter((one) => one.spans + one.logs + one.droppedSpans + one.droppedLogs > 0),
    };
  }

  #sinceOf({ spans, logs }: Holding): number | null {
    const oldest = Math.min(
      spans.segments[0]?.minStart ?? Number.POSITIVE_INFINITY,
      logs.segments[0]?.minStart ?? Number.POSITIVE_INFINITY,
    );
    return Number.isFinite(oldest) ? this.startMs + oldest / 1e6 : null;
  }

  #holdingOf(resource: number): Holding {
    const { service } = this.catalog.resource(resource);
    let holding = this.#holdings[service];
    if (holding === undefined) {
      const chain = (): Chain => {
        const own: Chain = new Chain((segment) => this.#pack(own, segment));
        return own;
      };
      while (this.#holdings.length <= service)
        this.#holdings.push({
          spans: chain(),
          logs: chain(),
          keptSpans: chain(),
          keptLogs: chain(),
          droppedSpans: 0,
          droppedLogs: 0,
        });
      holding = this.#holdings[service] as Holding;
    }
    return holding;
  }

  #dropOldest(): boolean {
    let keptBytes = 0;
    let largest: Holding | undefined;
    let largestBytes = 0;
    let largestKept: Holding | undefined;
    let largestKeptBytes = 0;
    for (const holding of this.#holdings) {
      const own = holding.spans.bytes + holding.logs.bytes;
      const kept = holding.keptSpans.bytes + holding.keptLogs.bytes;
      keptBytes += kept;
      if (own > largestBytes) {
        largest = holding;
        largestBytes = own;
      }
      if (kept > largestKeptBytes) {
        largestKept = holding;
        largestKeptBytes = kept;
      }
    }
    if (largestKept !== undefined && (keptBytes > maxKeptShare * this.maxBytes || largest === undefined)) {
      const { keptSpans, keptLogs } = largestKept;
      const isSpans = keptSpans.bytes >= keptLogs.bytes;
      const dropped = (isSpans ? keptSpans : keptLogs).shift();
      if (isSpans) largestKept.droppedSpans += dropped?.rows ?? 0;
      else largestKept.droppedLogs += dropped?.rows ?? 0;
      return dropped !== undefined;
    }
    if (largest === undefined) return false;
    const { spans, logs } = largest;
    const isSpans = spans.bytes >= logs.bytes;
    const dropped = (isSpans ? spans : logs).shift();
    if (dropped === undefined) return false;
    const rescued = this.#rescue(dropped, isSpans ? largest.keptSpans : largest.keptLogs);
    if (isSpans) largest.droppedSpans += dropped.rows - rescued;
    else largest.droppedLogs += dropped.rows - rescued;
    return true;
  }

  #rescue(segment: Segment, into: Chain): number {
    const { columns } = segment;
    const draft = this.#draft;
    let rescued = 0;
    for (let row = 0; row < segment.rows; row += 1) {
      const at = 4 * row;
      const trace0 = columns.trace[at] as number;
      const trace1 = columns.trace[at + 1] as number;
      const trace2 = columns.trace[at + 2] as number;
      const trace3 = columns.trace[at + 3] as number;
      if (!this.#kept.has(trace0, trace1, trace2, trace3)) continue;
      const rest = segment.rest(row);
      draft.clear();
      draft.start = columns.start[row] as number;
      draft.duration = columns.duration[row] as number;
      draft.trace0 = trace0;
      draft.trace1 = trace1;
      draft.trace2 = trace2;
      draft.trace3 = trace3;
      draft.span0 = columns.span[2 * row] as number;
      draft.span1 = columns.span[2 * row + 1] as number;
      draft.parent0 = columns.parent[2 * row] as number;
      draft.parent1 = columns.parent[2 * row + 1] as number;
      draft.name = columns.name[row] as number;
      draft.route = columns.route[row] as number;
      draft.resource = columns.resource[row] as number;
      draft.scope = columns.scope[row] as number;
      draft.http = columns.http[row] as number;
      draft.kind = columns.kind[row] as number;
      draft.flags = columns.flags[row] as number;
      draft.keep(0, rest.length);
      into.append(draft, rest);
      rescued += 1;
    }
    return rescued;
  }

  #pack(chain: Chain, segment: Segment): void {
    this.#waiting.push({ chain, segment });
    this.#waitingBytes += segment.slab.bytes;
    if (!this.#isPacking) void this.#packAll();
  }

  async #packAll(): Promise<void> {
    this.#isPacking = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { chain, segment } = next;
      const slabBytes = segment.slab.bytes;
      const bytesBefore = segment.bytes;
      // What cannot be compressed stays as it is.
      await segment.slab.pack().catch(() => undefined);
      this.#waitingBytes -= slabBytes;
      chain.changed(segment, bytesBefore);
    }
    this.#isPacking = false;
  }
}
