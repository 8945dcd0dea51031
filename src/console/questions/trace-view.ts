import { hexOf, type TraceWords, traceWords } from '../receive/words.js';
import type { ClockSkew } from '../signals/clock-skew.js';
import type { Ref, Store } from '../store/store.js';
import { spanIdOf } from './item-json.js';
import { type PlacedTrace, placeTrace } from './placed-trace.js';
import { type SpanColumns, spanColumns } from './span-columns.js';
import { type LogRow, logRow, type SpanDetail, type SpanRow, spanDetail, spanRow } from './views.js';

const maxLogs = 2_000;

/** Its detail is left out where only rows were asked for. */
interface TraceSpan extends SpanRow, Partial<SpanDetail> {
  readonly depth: number;
  /** Since the trace began, with the difference of the clocks taken out. */
  readonly offsetMs: number;
  readonly selfMs: number;
  readonly criticalMs: number;
  readonly critical: readonly (readonly [number, number])[];
  /** Times in which no child ran, of spans that have children. */
  readonly gaps: readonly (readonly [number, number])[];
  readonly isOrphan: boolean;
}

interface Bottleneck {
  readonly spanId: string;
  readonly service: string;
  readonly name: string;
  /** Of the time that the trace took. */
  readonly share: number;
}

export interface TraceView {
  readonly traceId: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly root: SpanRow | undefined;
  readonly services: readonly { readonly service: string; readonly spans: number }[];
  readonly spans: readonly TraceSpan[];
  /** How many more there were, where evidence keeps some of them only. */
  readonly omitted?: number;
  readonly logs: readonly LogRow[];
  readonly bottleneck: Bottleneck | undefined;
  /** Spans whose parent is named and not there. */
  readonly orphans: number;
  /** Where the clocks of two processes differ; the drawing has it taken out. */
  readonly skews: readonly { readonly from: string; readonly to: string; readonly offsetMs: number }[];
}

/** A trace of which the spans are in columns. */
export interface TraceColumns extends Omit<TraceView, 'spans'> {
  readonly spans: SpanColumns;
}

/** All that is held of a trace, or of its spans only what a row shows; undefined where nothing is. */
export function traceView(
  store: Store,
  skew: ClockSkew,
  traceId: string,
  hasDetail = true,
): TraceView | undefined {
  const words = traceWords(traceId);
  return words && viewOf(store, skew, words, store.ofTrace('spans', words), hasDetail);
}

/** What rows of the spans show, in columns. */
export function traceColumns(store: Store, skew: ClockSkew, traceId: string): TraceColumns | undefined {
  const words = traceWords(traceId);
  const known = words && summaryOf(store, skew, words, store.ofTrace('spans', words));
  return known && { ...known.summary, spans: spanColumns(store, known.placed) };
}

/** {@link traceView} of some of its spans. */
export function viewOf(
  store: Store,
  skew: ClockSkew,
  words: TraceWords,
  refs: readonly Ref[],
  hasDetail = true,
): TraceView | undefined {
  const known = summaryOf(store, skew, words, refs);
  return known && { ...known.summary, spans: spanObjects(store, known.placed, hasDetail) };
}

interface Known {
  readonly summary: Omit<TraceView, 'spans'>;
  readonly placed: PlacedTrace;
}

function summaryOf(
  store: Store,
  skew: ClockSkew,
  words: TraceWords,
  refs: readonly Ref[],
): Known | undefined {
  const logs = traceLogs(store, words);
  if (refs.length === 0 && logs.length === 0) return undefined;
  const placed = placeTrace(store, skew, refs);
  const { tree, resource } = placed;
  const counts = new Map<string, number>();
  for (const one of resource) {
    const service = store.catalog.resource(one).serviceName;
    counts.set(service, (counts.get(service) ?? 0) + 1);
  }
  const rootRef = placed.refs[tree.root];
  const summary = {
    traceId: hexOf(words, 0, 4),
    startMs: placed.refs.length === 0 ? (logs[0]?.timeMs ?? 0) : placed.startMs,
    durationMs: placed.endMs,
    root: rootRef === undefined ? undefined : spanRow(store, rootRef),
    services: [...counts].map(([service, spans]) => ({ service, spans })),
    logs,
    bottleneck: bottleneckOf(store, placed),
    orphans: tree.isOrphan.reduce((sum, one) => sum + one, 0),
    skews: placed.skews,
  };
  return { summary, placed };
}

/** What one span of a trace carries besides its row; undefined where it is not held. */
export function spanOfTrace(store: Store, traceId: string, spanId: string): SpanDetail | undefined {
  const words = traceWords(traceId);
  const ref =
    words === undefined ? undefined : store.ofTrace('spans', words).find((one) => spanIdOf(one) === spanId);
  return ref === undefined ? undefined : spanDetail(store, ref);
}

function traceLogs(store: Store, words: TraceWords): LogRow[] {
  return store
    .ofTrace('logs', words, maxLogs)
    .map((ref) => logRow(store, ref))
    .sort((a, b) => a.timeMs - b.timeMs);
}

function bottleneckOf(store: Store, { refs, tree, durationMs }: PlacedTrace): Bottleneck | undefined {
  const { root, order, criticalMs } = tree;
  const wholeMs = durationMs[root] ?? 0;
  if (wholeMs === 0) return undefined;
  const most = order.reduce(
    (found, place) => ((criticalMs[place] as number) > (criticalMs[found] as number) ? place : found),
    root,
  );
  const { spanId, service, name } = spanRow(store, refs[most] as Ref);
  return { spanId, service, name, share: (criticalMs[most] as number) / wholeMs };
}

type Parts = readonly (readonly [number, number])[];

function spanObjects(store: Store, { refs, tree, offsetMs }: PlacedTrace, hasDetail: boolean): TraceSpan[] {
  const critical = partsOf(tree.critical);
  const gaps = partsOf(tree.gaps);
  const none: Parts = [];
  return Array.from(tree.order, (place) => {
    const ref = refs[place] as Ref;
    const row = spanRow(store, ref);
    // Field by field: a spread takes ten times as long.
    const span: TraceSpan = {
      traceId: row.traceId,
      spanId: row.spanId,
      parentId: row.parentId,
      service: row.service,
      name: row.name,
      kind: row.kind,
      startMs: row.startMs,
      durationMs: row.durationMs,
      isFailed: row.isFailed,
      http: row.http,
      route: row.route,
      depth: tree.depth[place] as number,
      offsetMs: offsetMs[place] as number,
      selfMs: tree.selfMs[place] as number,
      criticalMs: tree.criticalMs[place] as number,
      critical: critical.get(place) ?? none,
      gaps: gaps.get(place) ?? none,
      isOrphan: tree.isOrphan[place] === 1,
    };
    // Copied into it: ten thousand objects are not made twice.
    return hasDetail ? Object.assign(span, spanDetail(store, ref)) : span;
  });
}

/** Begin and end, by the place of the span. */
function partsOf(flat: readonly number[]): Map<number, [number, number][]> {
  const parts = new Map<number, [number, number][]>();
  for (let at = 0; at < flat.length; at += 3) {
    const place = flat[at] as number;
    const part: [number, number] = [flat[at + 1] as number, flat[at + 2] as number];
    const known = parts.get(place);
    if (known === undefined) parts.set(place, [part]);
    else known.push(part);
  }
  return parts;
}
