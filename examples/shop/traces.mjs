/** The traces that spans make up, each a tree. Throws for one that has no single root or has lost a parent. */
export function treesOf(spans) {
  const byTrace = new Map();
  for (const span of spans) {
    if (!byTrace.has(span.traceId)) byTrace.set(span.traceId, []);
    byTrace.get(span.traceId).push(span);
  }
  return [...byTrace].map(([traceId, members]) => ({
    traceId,
    root: treeOf(traceId, members),
    services: new Set(members.map(({ service }) => service)),
  }));
}

function treeOf(traceId, spans) {
  const nodes = new Map(spans.map((span) => [span.spanId, { ...span, children: [] }]));
  const roots = [];
  for (const node of [...nodes.values()].sort((a, b) => a.startMs - b.startMs)) {
    const siblings = node.parentSpanId === undefined ? roots : nodes.get(node.parentSpanId)?.children;
    if (siblings === undefined) throw new Error(`trace ${traceId}: ${node.name} has lost its parent`);
    siblings.push(node);
  }
  if (roots.length !== 1) throw new Error(`trace ${traceId} has ${roots.length} roots`);
  return roots[0];
}

const barWidth = 24;

/** One line for each span: where it stands in the tree, its service, its status, how long it took, and when. */
export function linesOf({ root }, paint) {
  const rows = [];
  collect(root, '', '', rows);
  const nameWidth = Math.max(...rows.map(({ label }) => label.length));
  const serviceWidth = Math.max(...rows.map(({ span }) => span.service.length));
  return rows.map(({ span, label }) => {
    const { service, durationMs, startMs, isError, attributes } = span;
    const status = String(attributes['http.response.status_code'] ?? (isError ? 'error' : '')).padStart(5);
    const offset = Math.min(barWidth - 1, columnsOf(startMs - root.startMs, root));
    const length = Math.max(1, Math.min(barWidth - offset, columnsOf(durationMs, root)));
    return [
      label.padEnd(nameWidth),
      paint.dim(service.padEnd(serviceWidth)),
      isError ? paint.red(status) : status,
      `${durationMs.toFixed(1)} ms`.padStart(9),
      paint.cyan(' '.repeat(offset) + '█'.repeat(length)),
    ].join('  ');
  });
}

function collect(span, lead, indent, rows) {
  rows.push({ span, label: lead + span.name });
  for (const [index, child] of span.children.entries()) {
    const isLast = index === span.children.length - 1;
    collect(child, `${indent}${isLast ? '└─ ' : '├─ '}`, `${indent}${isLast ? '   ' : '│  '}`, rows);
  }
}

function columnsOf(ms, root) {
  return Math.round((Math.max(0, ms) / root.durationMs) * barWidth);
}
