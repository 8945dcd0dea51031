/** A span of a trace, with times in milliseconds since the trace began, by one clock. */
export interface TreeSpan {
  readonly id: string;
  readonly parentId: string;
  readonly startMs: number;
  readonly durationMs: number;
}

export interface TreeNode<T extends TreeSpan> {
  readonly span: T;
  readonly children: TreeNode<T>[];
  depth: number;
  /** Time in which none of its children ran. */
  selfMs: number;
  /** Of the time that the trace took, that which this span itself is to blame for. */
  criticalMs: number;
  /** When, as pairs of begin and end. */
  readonly critical: [number, number][];
  /** True where its parent is named and not there. */
  isOrphan: boolean;
}

export interface TraceTree<T extends TreeSpan> {
  /** All spans, parents before children, children by start. */
  readonly nodes: readonly TreeNode<T>[];
  /** The one that the trace begins with, if it is there; else the longest of those without a parent. */
  readonly root: TreeNode<T> | undefined;
}

/** Puts spans in order, and finds where the time went. Duplicates of an id, and circles, are no problem. */
export function buildTree<T extends TreeSpan>(spans: readonly T[]): TraceTree<T> {
  const byId = new Map<string, TreeNode<T>>();
  for (const span of spans) {
    if (byId.has(span.id)) continue;
    byId.set(span.id, {
      span,
      children: [],
      depth: 0,
      selfMs: span.durationMs,
      criticalMs: 0,
      critical: [],
      isOrphan: false,
    });
  }
  const tops: TreeNode<T>[] = [];
  for (const node of byId.values()) {
    const parent = node.span.parentId === '' ? undefined : byId.get(node.span.parentId);
    if (parent === undefined || parent === node) {
      node.isOrphan = node.span.parentId !== '';
      tops.push(node);
    } else parent.children.push(node);
  }
  const nodes: TreeNode<T>[] = [];
  const place = (top: TreeNode<T>) => {
    const stack = [top];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      nodes.push(node);
      byId.delete(node.span.id);
      node.children.sort((a, b) => a.span.startMs - b.span.startMs);
      node.selfMs = Math.max(0, node.span.durationMs - covered(node));
      for (let index = node.children.length - 1; index >= 0; index -= 1) {
        const child = node.children[index] as TreeNode<T>;
        child.depth = node.depth + 1;
        stack.push(child);
      }
    }
  };
  tops.sort((a, b) => a.span.startMs - b.span.startMs);
  for (const top of tops) place(top);
  // What is left goes in a circle: it begins anywhere.
  for (const [, node] of byId) {
    node.isOrphan = true;
    for (const other of byId.values()) other.children.length = 0;
    place(node);
  }
  const roots = tops.filter(({ isOrphan }) => !isOrphan);
  const root = (roots.length > 0 ? roots : tops).reduce<TreeNode<T> | undefined>(
    (longest, node) =>
      longest === undefined || node.span.durationMs > longest.span.durationMs ? node : longest,
    undefined,
  );
  if (root !== undefined) markCriticalPath(root);
  return { nodes, root };
}

/** How long at least one of the children ran, within the time of the span. */
function covered<T extends TreeSpan>({ span, children }: TreeNode<T>): number {
  const end = span.startMs + span.durationMs;
  let total = 0;
  let until = span.startMs;
  for (const { span: child } of children) {
    const from = Math.max(until, child.startMs);
    const to = Math.min(end, child.startMs + child.durationMs);
    if (to > from) {
      total += to - from;
      until = to;
    }
  }
  return total;
}

/**
 * Goes back from the end: of the children that ran, the last to finish is what its parent waited for; where none ran, the time is the
 * parent's own.
 */
function markCriticalPath<T extends TreeSpan>(root: TreeNode<T>): void {
  const stack: { readonly node: TreeNode<T>; readonly from: number; readonly until: number }[] = [
    { node: root, from: root.span.startMs, until: root.span.startMs + root.span.durationMs },
  ];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { node, from, until } = next;
    let cursor = until;
    const byEnd = [...node.children].sort(
      (a, b) => b.span.startMs + b.span.durationMs - (a.span.startMs + a.span.durationMs),
    );
    for (const child of byEnd) {
      const start = Math.max(child.span.startMs, from);
      if (start >= cursor) continue;
      const end = Math.min(child.span.startMs + child.span.durationMs, cursor);
      if (end <= start) continue;
      own(node, end, cursor);
      stack.push({ node: child, from: start, until: end });
      cursor = start;
    }
    own(node, from, cursor);
  }
}

function own<T extends TreeSpan>(node: TreeNode<T>, from: number, to: number): void {
  if (to <= from) return;
  node.criticalMs += to - from;
  node.critical.push([from, to]);
}
