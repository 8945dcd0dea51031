import type { Span, SpanNode, TraceModel } from './trace-model.js';

export interface ComparedSide {
  readonly count: number;
  /** How long at least one of them ran, in milliseconds. */
  readonly busyMs: number;
  readonly selfMs: number;
  readonly failures: number;
  readonly nodes: readonly SpanNode[];
}

/** Spans of two traces at the same place: alike in service, name and kind, under parents alike. */
export interface ComparedRow {
  readonly key: string;
  readonly level: number;
  readonly service: string;
  readonly name: string;
  readonly kind: string;
  readonly left: ComparedSide | undefined;
  readonly right: ComparedSide | undefined;
  /** By how much the left is slower itself, in milliseconds. */
  readonly selfDeltaMs: number;
}

const alike = ({ service, name, kind }: Span) => `${service}\n${name}\n${kind}`;

/** Lays two traces over each other, parents before children, in the order of the left one. */
export function compareTraces(left: TraceModel, right: TraceModel): ComparedRow[] {
  const rows: ComparedRow[] = [];
  const tops = (model: TraceModel): SpanNode[] =>
    model.tops.flatMap((top) => (top.kind === 'span' ? [top.node] : top.children));
  compare(tops(left), tops(right), 1, '', rows);
  return rows;
}

function compare(
  left: readonly SpanNode[],
  right: readonly SpanNode[],
  level: number,
  path: string,
  rows: ComparedRow[],
): void {
  const groups = new Map<string, { left: SpanNode[]; right: SpanNode[] }>();
  const add = (side: 'left' | 'right', nodes: readonly SpanNode[]) => {
    for (const node of nodes) {
      const key = alike(node.span);
      let group = groups.get(key);
      if (group === undefined) {
        group = { left: [], right: [] };
        groups.set(key, group);
      }
      group[side].push(node);
    }
  };
  add('left', left);
  add('right', right);
  for (const [key, group] of groups) {
    const { service, name, kind } = ((group.left[0] ?? group.right[0]) as SpanNode).span;
    const own = `${path}/${key}`;
    const sides = { left: sideOf(group.left), right: sideOf(group.right) };
    const selfDeltaMs = (sides.left?.selfMs ?? 0) - (sides.right?.selfMs ?? 0);
    rows.push({ key: own, level, service, name, kind, ...sides, selfDeltaMs });
    const children = (nodes: readonly SpanNode[]) => nodes.flatMap((node) => node.children);
    compare(children(group.left), children(group.right), level + 1, own, rows);
  }
}

function sideOf(nodes: readonly SpanNode[]): ComparedSide | undefined {
  if (nodes.length === 0) return undefined;
  let selfMs = 0;
  let failures = 0;
  let busy = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { span } of [...nodes].sort((a, b) => a.span.offsetMs - b.span.offsetMs)) {
    selfMs += span.selfMs;
    if (span.isFailed) failures += 1;
    const end = span.offsetMs + span.durationMs;
    if (end <= until) continue;
    busy += end - Math.max(until, span.offsetMs);
    until = end;
  }
  return { count: nodes.length, busyMs: busy, selfMs, failures, nodes };
}

/** The one in the middle by duration, and the slowest. */
export function typicalAndSlowest<T extends { readonly durationMs: number }>(
  rows: readonly T[],
): { readonly typical: T; readonly slowest: T } | undefined {
  if (rows.length < 2) return undefined;
  const sorted = [...rows].sort((a, b) => a.durationMs - b.durationMs);
  return { typical: sorted[Math.floor((sorted.length - 1) / 2)] as T, slowest: sorted.at(-1) as T };
}
