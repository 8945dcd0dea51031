import { type TraceWords, traceWords } from '../receive/words.js';
import type { ClockSkew } from '../signals/clock-skew.js';
import type { Ref, Store } from '../store/store.js';
import { spanIdOf } from './item-json.js';
import { buildTree, type TreeNode, type TreeSpan } from './trace-tree.js';
import { type LogRow, logRow, type SpanDetail, type SpanRow, spanDetail, spanRow } from './views.js';

interface Placed extends TreeSpan {
  readonly ref: Ref;
  readonly row: SpanRow;
  readonly resource: number;
}

/** Uninstrumented time is a gap from so long on, in milliseconds, and of the trace. */
const leastGapMs = 1;
const leastGapShare = 0.01;
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
  readonly logs: readonly LogRow[];
  readonly bottleneck: Bottleneck | undefined;
  /** Spans whose parent is named and not there. */
  readonly orphans: number;
  /** Where the clocks of two processes differ; the drawing has it taken out. */
  readonly skews: readonly { readonly from: string; readonly to: string; readonly offsetMs: number }[];
}

/** All that is held of a trace, or of its spans only what a row shows; undefined where nothing is. */
export function traceView(
  store: Store,
  skew: ClockSkew,
  traceId: string,
  hasDetail = true,
): TraceView | undefined {
  const words = traceWords(traceId);
  if (words === undefined) return undefined;
  const refs = store.ofTrace('spans', words);
  const logs = traceLogs(store, words);
  if (refs.length === 0 && logs.length === 0) return undefined;
  const { spans: placed, skews } = place(store, skew, refs);
  const { nodes, root } = buildTree(placed);
  const startMs = placed.reduce((least, { row }) => Math.min(least, row.startMs), Number.POSITIVE_INFINITY);
  const endMs = placed.reduce((most, span) => Math.max(most, span.startMs + span.durationMs), 0);
  const counts = new Map<string, number>();
  for (const { row } of placed) counts.set(row.service, (counts.get(row.service) ?? 0) + 1);
  return {
    traceId: traceId.toLowerCase(),
    startMs: placed.length === 0 ? (logs[0]?.timeMs ?? 0) : startMs,
    durationMs: endMs,
    root: root?.span.row,
    services: [...counts].map(([service, spans]) => ({ service, spans })),
    spans: nodes.map((node) => {
      const span = spanOf(node, endMs);
      // Copied into it: ten thousand objects are not made twice.
      return hasDetail ? Object.assign(span, spanDetail(store, node.span.ref)) : span;
    }),
    logs,
    bottleneck: bottleneckOf(nodes, root),
    orphans: nodes.filter(({ isOrphan }) => isOrphan).length,
    skews,
  };
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

function bottleneckOf(
  nodes: readonly TreeNode<Placed>[],
  root: TreeNode<Placed> | undefined,
): Bottleneck | undefined {
  if (root === undefined || root.span.durationMs === 0) return undefined;
  const most = nodes.reduce((found, node) => (node.criticalMs > found.criticalMs ? node : found), root);
  const { service, name } = most.span.row;
  return { spanId: most.span.id, service, name, share: most.criticalMs / root.span.durationMs };
}

/** Puts spans on one clock: that of the process in which the trace begins. */
function place(
  store: Store,
  skew: ClockSkew,
  refs: readonly Ref[],
): { spans: Placed[]; skews: { from: string; to: string; offsetMs: number }[] } {
  const rows = new Map<string, { ref: Ref; row: SpanRow; resource: number }>();
  for (const ref of refs) {
    const row = spanRow(store, ref);
    rows.set(row.spanId, { ref, row, resource: ref.segment.columns.resource[ref.row] as number });
  }
  const skews = new Map<string, { from: string; to: string; offsetMs: number }>();
  const offsets = new Map<string, number>();
  /** How far the clock of a span is ahead of that of the root, in milliseconds. */
  const offsetOf = (id: string): number => {
    const path: string[] = [];
    const seen = new Set<string>();
    let at = id;
    while (!offsets.has(at)) {
      const parentId = rows.get(at)?.row.parentId ?? '';
      if (!rows.has(parentId) || seen.has(at)) {
        offsets.set(at, 0);
        break;
      }
      seen.add(at);
      path.push(at);
      at = parentId;
    }
    let offset = offsets.get(at) as number;
    for (let index = path.length - 1; index >= 0; index -= 1) {
      const child = rows.get(path[index] as string);
      const parent = rows.get(child?.row.parentId ?? '');
      if (child !== undefined && parent !== undefined && child.resource !== parent.resource) {
        const ms = skew.between(parent.resource, child.resource) / 1e6;
        offset += ms;
        if (ms !== 0)
          skews.set(`${parent.resource} ${child.resource}`, {
            from: parent.row.service,
            to: child.row.service,
            offsetMs: ms,
          });
      }
      offsets.set(path[index] as string, offset);
    }
    return offsets.get(id) as number;
  };
  let first = Number.POSITIVE_INFINITY;
  const moved = [...rows.values()].map((one) => {
    const startMs = one.row.startMs - offsetOf(one.row.spanId);
    first = Math.min(first, startMs);
    return { ...one, startMs };
  });
  const spans = moved.map(({ ref, row, resource, startMs }) => ({
    id: row.spanId,
    parentId: row.parentId,
    startMs: startMs - first,
    durationMs: row.durationMs,
    ref,
    row,
    resource,
  }));
  return { spans, skews: [...skews.values()] };
}

function spanOf(node: TreeNode<Placed>, traceMs: number): TraceSpan {
  const { span, depth, selfMs, criticalMs, critical, isOrphan } = node;
  const { row } = span;
  // Field by field: a spread takes ten times as long.
  return {
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
    depth,
    offsetMs: span.startMs,
    selfMs,
    criticalMs,
    critical,
    gaps: gapsOf(node, Math.max(leastGapMs, leastGapShare * traceMs)),
    isOrphan,
  };
}

function gapsOf({ span, children }: TreeNode<Placed>, leastMs: number): [number, number][] {
  if (children.length === 0) return [];
  const gaps: [number, number][] = [];
  let until = span.startMs;
  const end = span.startMs + span.durationMs;
  for (const { span: child } of children) {
    if (child.startMs - until >= leastMs) gaps.push([until, Math.min(child.startMs, end)]);
    until = Math.max(until, child.startMs + child.durationMs);
  }
  if (end - until >= leastMs) gaps.push([until, end]);
  return gaps;
}
