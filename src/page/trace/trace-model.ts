import type { LogRow, TraceView } from '../data/answers.js';

export type Span = TraceView['spans'][number];

export interface SpanNode {
  readonly span: Span;
  /** Its place in the order of the trace. */
  readonly index: number;
  readonly parent: SpanNode | undefined;
  readonly children: SpanNode[];
  /** All spans below it. */
  descendants: number;
  /** Failed spans below it. */
  failures: number;
  readonly logs: LogRow[];
}

/** What is at the top: a span without a parent, or a parent that is named and not held, with the spans that name it. */
export type Top =
  | { readonly kind: 'span'; readonly node: SpanNode }
  | { readonly kind: 'missing'; readonly parentId: string; readonly children: readonly SpanNode[] };

export interface TraceModel {
  readonly view: TraceView;
  /** Parents before children, children by start. */
  readonly nodes: readonly SpanNode[];
  readonly byId: ReadonlyMap<string, SpanNode>;
  readonly tops: readonly Top[];
  /** By the shown clock, in milliseconds since the trace began; undefined where its span has no place. */
  readonly logOffset: (line: LogRow) => number;
  /** Of the clocks of services that were corrected: how far each is ahead, in milliseconds. */
  readonly corrections: ReadonlyMap<string, number>;
}

/** Puts the spans of an answer in a tree, with the parents that are missing and the lines of each span. */
export function traceModel(view: TraceView): TraceModel {
  const byId = new Map<string, SpanNode>();
  const nodes: SpanNode[] = [];
  const missing = new Map<string, SpanNode[]>();
  const tops: Top[] = [];
  for (const [index, span] of view.spans.entries()) {
    const parent = span.isOrphan || span.parentId === '' ? undefined : byId.get(span.parentId);
    const node: SpanNode = { span, index, parent, children: [], descendants: 0, failures: 0, logs: [] };
    nodes.push(node);
    byId.set(span.spanId, node);
    if (parent !== undefined) parent.children.push(node);
    else if (span.isOrphan) {
      const known = missing.get(span.parentId);
      if (known !== undefined) known.push(node);
      else {
        const children = [node];
        missing.set(span.parentId, children);
        tops.push({ kind: 'missing', parentId: span.parentId, children });
      }
    } else tops.push({ kind: 'span', node });
  }
  for (let index = nodes.length - 1; index >= 0; index -= 1) {
    const node = nodes[index] as SpanNode;
    if (node.parent === undefined) continue;
    node.parent.descendants += node.descendants + 1;
    node.parent.failures += node.failures + (node.span.isFailed ? 1 : 0);
  }
  for (const line of view.logs) byId.get(line.spanId)?.logs.push(line);
  const corrections = new Map(view.skews.map(({ to, offsetMs }) => [to, offsetMs]));
  const shiftOf = (spanId: string): number => {
    const span = byId.get(spanId)?.span;
    return span === undefined ? 0 : span.offsetMs - (span.startMs - view.startMs);
  };
  return {
    view,
    nodes,
    byId,
    tops,
    corrections,
    logOffset: (line) => line.timeMs - view.startMs + shiftOf(line.spanId),
  };
}

/** The next failed span after a place in the order, or the one before; it goes round. */
export function nextFailure(model: TraceModel, from: number, step: 1 | -1 = 1): SpanNode | undefined {
  const { nodes } = model;
  for (let count = 1; count <= nodes.length; count += 1) {
    const node = nodes[(from + step * count + 2 * nodes.length) % nodes.length];
    if (node?.span.isFailed) return node;
  }
  return undefined;
}

/** What a span is called: a call by what it calls, as `POST` alone says little. */
export function spanTitle({ name, kind, route }: Span): string {
  const callee = kind === 'client' ? (route.split(' ').at(-1) ?? '') : '';
  return callee === '' || name.includes(callee) ? name : `${name} ${callee}`;
}

export interface CriticalPart {
  readonly service: string;
  readonly title: string;
  readonly ms: number;
  readonly share: number;
  readonly spans: number;
  /** The one that took most of it. */
  readonly spanId: string;
}

/** Where the time of the trace went, by service and what its spans are called, most first. */
export function criticalParts(model: TraceModel, most = 3): { totalMs: number; parts: CriticalPart[] } {
  const groups = new Map<string, { nodes: number; ms: number; longest: Span }>();
  let totalMs = 0;
  for (const { span } of model.nodes) {
    if (span.criticalMs <= 0) continue;
    totalMs += span.criticalMs;
    const key = `${span.service}\n${spanTitle(span)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { nodes: 1, ms: span.criticalMs, longest: span });
    else {
      group.nodes += 1;
      group.ms += span.criticalMs;
      if (span.criticalMs > group.longest.criticalMs) group.longest = span;
    }
  }
  const parts = [...groups.values()]
    .sort((a, b) => b.ms - a.ms)
    .slice(0, most)
    .map(({ nodes, ms, longest }) => ({
      service: longest.service,
      title: spanTitle(longest),
      ms,
      share: totalMs === 0 ? 0 : ms / totalMs,
      spans: nodes,
      spanId: longest.spanId,
    }));
  // What is hardly any of it explains nothing.
  return { totalMs, parts: parts.filter(({ share }, index) => index === 0 || share >= 0.03) };
}
