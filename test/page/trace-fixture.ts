import { buildTree } from '../../src/console/questions/trace-tree.js';
import type { LogRow, TraceView } from '../../src/page/data/answers.js';
import { type TraceModel, traceModel } from '../../src/page/trace/trace-model.js';

export interface GivenSpan {
  readonly id: string;
  readonly parent?: string;
  readonly service?: string;
  readonly name?: string;
  readonly at: number;
  readonly ms: number;
  readonly isFailed?: boolean;
  readonly kind?: string;
  readonly route?: string;
}

const beganMs = 1_700_000_000_000;

/** A trace as the console would answer it, put in order by the console's own code. */
export function traceOf(
  spans: readonly GivenSpan[],
  more: { readonly logs?: readonly Partial<LogRow>[]; readonly skews?: TraceView['skews'] } = {},
): TraceModel {
  const { nodes, root } = buildTree(
    spans.map((given) => ({
      id: given.id,
      parentId: given.parent ?? '',
      startMs: given.at,
      durationMs: given.ms,
      given,
    })),
  );
  const rows = nodes.map(({ span, depth, selfMs, criticalMs, critical, isOrphan }) => ({
    traceId: 't',
    spanId: span.id,
    parentId: span.parentId,
    service: span.given.service ?? 'order',
    name: span.given.name ?? span.id,
    kind: span.given.kind ?? 'internal',
    startMs: beganMs + span.startMs,
    durationMs: span.durationMs,
    isFailed: span.given.isFailed ?? false,
    http: 0,
    route: span.given.route ?? '',
    depth,
    offsetMs: span.startMs,
    selfMs,
    criticalMs,
    critical,
    gaps: [],
    isOrphan,
  }));
  return traceModel({
    traceId: 't',
    startMs: beganMs,
    durationMs: Math.max(...spans.map(({ at, ms }) => at + ms)),
    root: rows.find(({ spanId }) => spanId === root?.span.id),
    services: [],
    spans: rows,
    logs: (more.logs ?? []).map((line) => ({
      timeMs: beganMs,
      service: 'order',
      severity: 9,
      level: 'info',
      body: '',
      template: '',
      attributes: {},
      traceId: 't',
      spanId: '',
      ...line,
    })),
    bottleneck: undefined,
    orphans: rows.filter(({ isOrphan }) => isOrphan).length,
    skews: more.skews ?? [],
  });
}
