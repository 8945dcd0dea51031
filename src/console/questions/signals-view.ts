import { Refusal } from '../http/refusal.js';
import type { Cell } from '../signals/cell.js';
import { DATABASE, EDGE, ROUTE, SERVICE, type SeriesKind } from '../signals/series-table.js';
import type { Signals } from '../signals/signals.js';
import type { Catalog } from '../store/catalog.js';
import type { Query } from './query.js';
import { type Red, redOf } from './red.js';

const kindNumbers: Readonly<Record<SeriesKind, number>> = {
  service: SERVICE,
  route: ROUTE,
  edge: EDGE,
  database: DATABASE,
};

/** A metric has to have counted so much more than the spans before they are taken to be a sample. */
const sampledFrom = 1.05;
const sampledBy = 5;

export interface SignalRow extends Red {
  readonly kind: SeriesKind;
  readonly service: string;
  /** The route or the operation; '' for a whole service. */
  readonly name: string;
  /** What is called, of edges and operations. */
  readonly target: string;
  /** The services that answer there; none for one that is not instrumented. */
  readonly callees: readonly { readonly service: string; readonly share: number }[];
  /** Where the numbers are from: all spans, or metrics where only some spans are sampled. */
  readonly source: 'spans' | 'metrics';
}

/** Which services' spans are a sample of their requests, by what their metrics have counted. */
function sampledServices(signals: Signals, totals: ReadonlyMap<number, Cell>): Set<number> {
  const counted = new Map<number, number>();
  const seen = new Map<number, number>();
  for (const [id, cell] of totals) {
    const { kind, service, isMetric } = signals.series.info(id);
    if (kind === 'service') (isMetric ? counted : seen).set(service, cell.count);
  }
  const sampled = new Set<number>();
  for (const [service, count] of counted) {
    if (count > sampledFrom * (seen.get(service) ?? 0) + sampledBy) sampled.add(service);
  }
  return sampled;
}

/** The golden signals of everything of some kind, over one time. */
export function signalRows(
  signals: Signals,
  catalog: Catalog,
  kinds: readonly SeriesKind[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): SignalRow[] {
  const totals = signals.timeline.totals(fromMs, toMs);
  const sampled = sampledServices(signals, totals);
  const overMs = Math.max(1_000, toMs - Math.max(fromMs, signals.timeline.sinceMs));
  const rows: SignalRow[] = [];
  for (const [id, cell] of totals) {
    const { kind, service, name, target, isMetric } = signals.series.info(id);
    if (
      !kinds.includes(kind) ||
      isMetric !== (sampled.has(service) && (kind === 'service' || kind === 'route'))
    )
      continue;
    rows.push({
      kind,
      service: catalog.services[service] as string,
      name: catalog.names.text(name),
      target: catalog.routes.text(target),
      callees:
        kind === 'edge'
          ? signals.calleesOf(service, target).map((one) => ({
              service: catalog.services[one.service] as string,
              share: one.share,
            }))
          : [],
      source: isMetric ? 'metrics' : 'spans',
      ...redOf(cell, overMs),
    });
  }
  return rows.sort((a, b) => b.count - a.count);
}

const mostSteps = 500;

/** The golden signals of one thing over time: `kind`, `service`, `name`, `target`, `step`. @throws Refusal */
export function signalSteps(signals: Signals, catalog: Catalog, query: Query) {
  const { fromMs, toMs } = query.window();
  const kind = (query.text('kind') ?? 'service') as SeriesKind;
  if (!Object.hasOwn(kindNumbers, kind))
    throw new Refusal(400, `kind takes one of ${Object.keys(kindNumbers).join(', ')}`);
  const serviceName = query.text('service');
  if (serviceName === undefined) throw new Refusal(400, 'service says of which service');
  const service = catalog.findService(serviceName);
  const name = catalog.names.find(query.text('name') ?? '');
  const target = catalog.routes.find(query.text('target') ?? '');
  const slotMs = signals.timeline.slotMs(fromMs, toMs);
  const wantedMs = query.durationMs('step') ?? (toMs - fromMs) / 60;
  const stepMs = Math.max(
    slotMs,
    Math.ceil(Math.max(wantedMs, (toMs - fromMs) / mostSteps) / slotMs) * slotMs,
  );
  // Steps begin where slots do, so that they stay the same from one question to the next.
  const startMs = Math.floor(fromMs / stepMs) * stepMs;
  const isKnown = service !== undefined && name !== undefined && target !== undefined;
  const isSampled =
    isKnown &&
    (kind === 'service' || kind === 'route') &&
    sampledServices(signals, signals.timeline.totals(fromMs, toMs)).has(service);
  const id = isKnown ? signals.series.idOf(kindNumbers[kind], service, name, target, isSampled) : undefined;
  const steps = id === undefined ? [] : signals.timeline.steps(id, startMs, toMs, stepMs);
  return {
    kind,
    service: serviceName,
    source: isSampled ? 'metrics' : 'spans',
    fromMs: startMs,
    toMs,
    stepMs,
    points: steps.map((cell, index) => ({ timeMs: startMs + index * stepMs, ...redOf(cell, stepMs) })),
  };
}

/** How durations are spread over time, for a heat map: of each step the counts by duration. */
export function latencyHeat(signals: Signals, catalog: Catalog, query: Query) {
  const { fromMs, toMs } = query.window();
  const service = catalog.findService(query.text('service') ?? '');
  if (service === undefined) return { fromMs, toMs, stepMs: 0, steps: [] };
  const name = catalog.names.find(query.text('name') ?? '') ?? 0;
  const id = signals.series.idOf(name === 0 ? SERVICE : ROUTE, service, name, 0);
  const stepMs = Math.max(signals.timeline.slotMs(fromMs, toMs), Math.ceil((toMs - fromMs) / 90_000) * 1_000);
  const startMs = Math.floor(fromMs / stepMs) * stepMs;
  return {
    fromMs: startMs,
    toMs,
    stepMs,
    steps: signals.timeline.steps(id, startMs, toMs, stepMs).map((cell, index) => ({
      timeMs: startMs + index * stepMs,
      // Four buckets each octave are enough to look at.
      buckets: cell === undefined ? [] : coarse(cell),
      slowest: cell?.slowest,
      failed: cell?.failed,
    })),
  };
}

function coarse({ histogram: { first, counts } }: Cell): { uptoMs: number; count: number }[] {
  const joined = new Map<number, number>();
  for (const [index, count] of counts.entries()) {
    if (count === 0) continue;
    const bucket = Math.ceil((first + index) / 8);
    joined.set(bucket, (joined.get(bucket) ?? 0) + count);
  }
  return [...joined].map(([bucket, count]) => ({ uptoMs: 0.001 * 2 ** (bucket / 4), count }));
}
