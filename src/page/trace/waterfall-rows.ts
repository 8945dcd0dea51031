import type { SpanNode, Top, TraceModel } from './trace-model.js';

/** What of a trace is folded away. */
export interface Folding {
  /** Spans whose subtree is closed, by id. */
  readonly closed: ReadonlySet<string>;
  /** Repeats that are open, by key; they are closed unless they are named. */
  readonly openRepeats: ReadonlySet<string>;
  /** Services of which only the spans by which they are entered are shown. */
  readonly services: ReadonlySet<string>;
}

export const NOTHING_FOLDED: Folding = { closed: new Set(), openRepeats: new Set(), services: new Set() };

/** So many siblings alike are one row. */
export const LEAST_REPEATS = 5;

interface Placed {
  readonly key: string;
  /** 1 at the top. */
  readonly level: number;
  /** Among its siblings, from 1, and how many these are. */
  readonly position: number;
  readonly size: number;
  /** Undefined where there is nothing to open. */
  readonly isOpen: boolean | undefined;
  /** For each level above, whether a line goes on beside this row. */
  readonly rails: readonly boolean[];
}

export interface SpanRowItem extends Placed {
  readonly kind: 'span';
  readonly node: SpanNode;
}

/** Siblings that are alike. */
export interface RepeatRowItem extends Placed {
  readonly kind: 'repeat';
  readonly nodes: readonly SpanNode[];
  readonly failures: number;
  /** How long at least one of them ran, in milliseconds. */
  readonly busyMs: number;
}

/** A parent that is named and not held. */
export interface MissingRowItem extends Placed {
  readonly kind: 'missing';
  readonly parentId: string;
  readonly children: number;
}

export type WaterfallRow = SpanRowItem | RepeatRowItem | MissingRowItem;

type Item =
  | { readonly kind: 'span'; readonly node: SpanNode }
  | { readonly kind: 'repeat'; readonly key: string; readonly nodes: readonly SpanNode[] }
  | Extract<Top, { kind: 'missing' }>;

/** The rows of a trace, as far as they are not folded away. */
export function waterfallRows(model: TraceModel, folding: Folding): WaterfallRow[] {
  const rows: WaterfallRow[] = [];
  const stack: { item: Item; level: number; position: number; size: number; rails: readonly boolean[] }[] =
    [];
  const push = (items: readonly Item[], level: number, rails: readonly boolean[]) => {
    const last = level === 1 ? [] : [...rails, false];
    const others = level === 1 ? [] : [...rails, true];
    for (let index = items.length - 1; index >= 0; index -= 1)
      stack.push({
        item: items[index] as Item,
        level,
        position: index + 1,
        size: items.length,
        rails: index === items.length - 1 ? last : others,
      });
  };
  push(
    model.tops.map((top) => top),
    1,
    [],
  );
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { item, level, position, size, rails } = next;
    const place = { level, position, size, rails };
    if (item.kind === 'missing') {
      const key = `missing ${item.parentId}`;
      const isOpen = !folding.closed.has(key);
      rows.push({
        ...place,
        kind: 'missing',
        key,
        isOpen,
        parentId: item.parentId,
        children: item.children.length,
      });
      if (isOpen) push(itemsOf(item.parentId, item.children), level + 1, rails);
    } else if (item.kind === 'repeat') {
      const isOpen = folding.openRepeats.has(item.key);
      const failures = item.nodes.filter(({ span }) => span.isFailed).length;
      rows.push({ ...place, ...item, isOpen, failures, busyMs: busyMs(item.nodes) });
      if (isOpen)
        push(
          item.nodes.map((node) => ({ kind: 'span', node })),
          level + 1,
          rails,
        );
    } else {
      const { node } = item;
      const key = node.span.spanId;
      const children = shownChildren(node, folding.services);
      const isOpen = children.length === 0 ? undefined : !folding.closed.has(key);
      rows.push({ ...place, kind: 'span', key, node, isOpen });
      if (isOpen === true) push(itemsOf(key, children), level + 1, rails);
    }
  }
  return rows;
}

/** The children of a span; those within a folded service make way for what they called outside of it. */
function shownChildren(node: SpanNode, services: ReadonlySet<string>): readonly SpanNode[] {
  if (services.size === 0) return node.children;
  const shown: SpanNode[] = [];
  const stack = [...node.children].reverse();
  for (let child = stack.pop(); child !== undefined; child = stack.pop()) {
    const isWithin = services.has(child.span.service) && child.parent?.span.service === child.span.service;
    if (isWithin) stack.push(...[...child.children].reverse());
    else shown.push(child);
  }
  return shown;
}

function repeatKey(parentId: string, { span }: SpanNode): string {
  return [parentId, span.service, span.name, span.kind].join('\n');
}

/** Siblings, with those that are alike in one; in the order of their first. */
function itemsOf(parentId: string, nodes: readonly SpanNode[]): readonly Item[] {
  if (nodes.length < LEAST_REPEATS) return nodes.map((node) => ({ kind: 'span', node }));
  const groups = new Map<number, SpanNode[]>();
  for (const node of nodes) {
    const group = groups.get(node.alike);
    if (group === undefined) groups.set(node.alike, [node]);
    else group.push(node);
  }
  const items: Item[] = [];
  for (const node of nodes) {
    const group = groups.get(node.alike) as SpanNode[];
    if (group.length < LEAST_REPEATS) items.push({ kind: 'span', node });
    else if (group[0] === node) items.push({ kind: 'repeat', key: repeatKey(parentId, node), nodes: group });
  }
  return items;
}

/** How long at least one of them ran. They are by start. */
export function busyMs(nodes: readonly SpanNode[]): number {
  let total = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { span } of nodes) {
    const end = span.offsetMs + span.durationMs;
    if (end <= until) continue;
    total += end - Math.max(until, span.offsetMs);
    until = end;
  }
  return total;
}

/** The folding in which a span is seen: what is around it is opened. */
export function revealed(model: TraceModel, folding: Folding, spanId: string): Folding {
  const node = model.byId.get(spanId);
  if (node === undefined) return folding;
  const closed = new Set(folding.closed);
  const openRepeats = new Set(folding.openRepeats);
  const services = new Set(folding.services);
  // A service of which an inner span is on the way is not folded.
  for (let at: SpanNode | undefined = node; at !== undefined; at = at.parent)
    if (at.parent?.span.service === at.span.service) services.delete(at.span.service);
  for (let at: SpanNode | undefined = node; at !== undefined; at = at.parent) {
    const { parent, span } = at;
    const parentId = parent?.span.spanId ?? span.parentId;
    if (parent === undefined) closed.delete(`missing ${parentId}`);
    else closed.delete(parentId);
    const siblings =
      parent === undefined ? missingSiblings(model, parentId) : shownChildren(parent, services);
    let alike = 0;
    for (const one of siblings) if (one.alike === at.alike) alike += 1;
    if (alike >= LEAST_REPEATS) openRepeats.add(repeatKey(parentId, at));
  }
  return { closed, openRepeats, services };
}

function missingSiblings(model: TraceModel, parentId: string): readonly SpanNode[] {
  for (const top of model.tops) if (top.kind === 'missing' && top.parentId === parentId) return top.children;
  return [];
}

/** How deep a trace is, 1 for a single span. */
export function depthOf(model: TraceModel): number {
  return model.nodes.reduce((most, { span }) => Math.max(most, span.depth + 1), 1);
}

/** Closes all spans at a depth and below it; what is above is open. */
export function foldedAt(model: TraceModel, folding: Folding, depth: number): Folding {
  const closed = new Set<string>();
  for (const { span, children } of model.nodes)
    if (children.length > 0 && span.depth + 1 >= depth) closed.add(span.spanId);
  return { ...folding, closed };
}

/** The one that a row is about: of siblings alike the longest. */
export function spanOfRow(row: WaterfallRow): SpanNode | undefined {
  if (row.kind === 'missing') return undefined;
  if (row.kind === 'span') return row.node;
  return row.nodes.reduce((longest, node) =>
    node.span.durationMs > longest.span.durationMs ? node : longest,
  );
}
