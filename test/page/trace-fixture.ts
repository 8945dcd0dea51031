import { buildTree, NO_PARENT, NOT_HELD } from '../../src/console/questions/trace-tree.js';
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
  const places = new Map(spans.map(({ id }, place) => [id, place]));
  const tree = buildTree(
    {
      parents: Int32Array.from(spans, ({ parent }) =>
        parent === undefined ? NO_PARENT : (places.get(parent) ?? NOT_HELD),
      ),
      startMs: Float64Array.from(spans, ({ at }) => at),
      durationMs: Float64Array.from(spans, ({ ms }) => ms),
    },
    1,
  );
  const rows = Array.from(tree.order, (place) => {
    const given = spans[place] as GivenSpan;
    return {
      traceId: 't',
      spanId: given.id,
      parentId: given.parent ?? '',
      service: given.service ?? 'order',
      name: given.name ?? given.id,
      kind: given.kind ?? 'internal',
      startMs: beganMs + given.at,
      durationMs: given.ms,
      isFailed: given.isFailed ?? false,
      http: 0,
      route: given.route ?? '',
      depth: tree.depth[place] as number,
      offsetMs: given.at,
      selfMs: tree.selfMs[place] as number,
      criticalMs: tree.criticalMs[place] as number,
      critical: [],
      gaps: [],
      isOrphan: tree.isOrphan[place] === 1,
    };
  });
  return traceModel({
    traceId: 't',
    startMs: beganMs,
    durationMs: Math.max(...spans.map(({ at, ms }) => at + ms)),
    root: rows.find(({ spanId }) => spanId === spans[tree.root]?.id),
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
