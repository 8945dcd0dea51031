import type { LogRow, TraceColumns, TraceView } from '../data/answers.js';
import { viewOf } from './span-columns.js';

export type Span = TraceView['spans'][number];

export interface SpanNode {
  readonly span: Span;
  /** Its place in the order of the trace. */
  readonly index: number;
  readonly parent: SpanNode | undefined;
  children: readonly SpanNode[];
  /** A number that it has in common with all spans of its service, name and kind. */
  readonly alike: number;
  /** All spans below it. */
  descendants: number;
  /** Failed spans below it. */
  failures: number;
  logs: readonly LogRow[];
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
  readonly failures: number;
  /** By the shown clock, in milliseconds since the trace began; undefined where its span has no place. */
  readonly logOffset: (line: LogRow) => number;
  /** Of the clocks of services that were corrected: how far each is ahead, in milliseconds. */
  readonly corrections: ReadonlyMap<string, number>;
}

/** Puts the spans of an answer in a tree, with the parents that are missing and the lines of each span. */
export function traceModel(answer: TraceView | TraceColumns): TraceModel {
  const view = viewOf(answer);
  const byId = new Map<string, SpanNode>();
  const nodes: SpanNode[] = [];
  const missing = new Map<string, SpanNode[]>();
  const tops: Top[] = [];
  const parents = 'ids' in answer.spans ? answer.spans.parent : undefined;
  const parentOf = (span: Span, index: number): SpanNode | undefined =>
    parents !== undefined
      ? nodes[parents[index] as number]
      : span.isOrphan || span.parentId === ''
        ? undefined
        : byId.get(span.parentId);
  const numberOf = numbering();
  for (const [index, span] of view.spans.entries()) {
    const parent = parentOf(span, index);
    const node: SpanNode = {
      span,
      index,
      parent,
      alike: numberOf(span),
      children: none,
      descendants: 0,
      failures: 0,
      logs: none,
    };
    nodes.push(node);
    byId.set(span.spanId, node);
    if (parent !== undefined) parent.children = added(parent.children, node);
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
  let failures = 0;
  for (let index = nodes.length - 1; index >= 0; index -= 1) {
    const node = nodes[index] as SpanNode;
    const own = node.span.isFailed ? 1 : 0;
    failures += own;
    if (node.parent === undefined) continue;
    node.parent.descendants += node.descendants + 1;
    node.parent.failures += node.failures + own;
  }
  for (const line of view.logs) {
    const node = byId.get(line.spanId);
    if (node !== undefined) node.logs = added(node.logs, line);
  }
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
    failures,
    corrections,
    logOffset: (line) => line.timeMs - view.startMs + shiftOf(line.spanId),
  };
}

/** Of most spans there is nothing: they have one empty list in common. */
const none: readonly never[] = [];

function added<T>(list: readonly T[], one: T): readonly T[] {
  if (list.length === 0) return [one];
  (list as T[]).push(one);
  return list;
}

/** Numbers for what spans have in common; by maps within maps, as to join 10,000 texts takes longer than all the rest. */
function numbering(): (span: Span) => number {
  const services = new Map<string, Map<string, Map<string, number>>>();
  let numbers = 0;
  return ({ service, name, kind }) => {
    const kinds = within(within(services, service, newMap<Map<string, number>>), name, newMap<number>);
    return within(kinds, kind, () => numbers++);
  };
}

function newMap<V>(): Map<string, V> {
  return new Map();
}

function within<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
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

interface CriticalGroup {
  nodes: number;
  ms: number;
  longest: Span;
}

function add(group: CriticalGroup, { nodes, ms, longest }: CriticalGroup): void {
  group.nodes += nodes;
  group.ms += ms;
  if (longest.criticalMs > group.longest.criticalMs) group.longest = longest;
}

/** Where the time of the trace went, by service and what its spans are called, most first. */
export function criticalParts(model: TraceModel, most = 3): { totalMs: number; parts: CriticalPart[] } {
  let totalMs = 0;
  const byRoute: Map<string, CriticalGroup>[] = [];
  for (const { span, alike } of model.nodes) {
    const ms = span.criticalMs;
    if (ms <= 0) continue;
    totalMs += ms;
    byRoute[alike] ??= new Map();
    const routes = byRoute[alike];
    const known = routes.get(span.route);
    if (known === undefined) routes.set(span.route, { nodes: 1, ms, longest: span });
    else add(known, { nodes: 1, ms, longest: span });
  }
  const groups = new Map<string, CriticalGroup>();
  for (const routes of byRoute)
    for (const group of routes?.values() ?? []) {
      const key = `${group.longest.service}\n${spanTitle(group.longest)}`;
      const known = groups.get(key);
      if (known === undefined) groups.set(key, group);
      else add(known, group);
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
