import type { TraceWords } from '../receive/words.js';
import type { Signals } from '../signals/signals.js';
import type { Catalog } from '../store/catalog.js';
import { KINDS, kindOf } from '../store/draft.js';
import type { Ref, Store } from '../store/store.js';
import { parentIdOf, spanIdOf, traceIdOf } from './item-json.js';
import { TimeSlice } from './time-slice.js';

interface Parts {
  readonly store: Store;
  readonly signals: Signals;
  readonly catalog: Catalog;
  readonly now: () => number;
}

/** A way between two services on which traces are cut: calls that have no request under them, and requests that begin traces. */
export interface BrokenTrace {
  readonly caller: string;
  readonly callee: string;
  readonly target: string;
  /** A call that has no request under it. */
  readonly traceId: string;
}

const lookBackMs = 60_000;
/** The other half of a call may come so much later, in milliseconds. */
const settleMs = 10_000;
const sampledCalls = 20;
const leastCalls = 10;
const SERVER = KINDS.indexOf('server');
const CLIENT = KINDS.indexOf('client');

/**
 * Where trace context gets lost on the way. Only between services that were joined by it before: who answers for a target is not known
 * otherwise.
 */
export async function* brokenTraces(parts: Parts): AsyncGenerator<BrokenTrace> {
  const { store, signals, catalog, now } = parts;
  const slice = new TimeSlice();
  const toMs = now() - settleMs;
  const fromMs = toMs - lookBackMs;
  for (const id of signals.timeline.totals(fromMs, toMs).keys()) {
    const { kind, service, target } = signals.series.info(id);
    const callee = kind === 'edge' ? signals.calleesOf(service, target)[0]?.service : undefined;
    if (callee === undefined) continue;
    const inTime = { fromMs, toMs, slice };
    const calls = await latest(store, service, inTime, ({ segment: { columns }, row }) => {
      const isCall = kindOf(columns.kind[row] as number) === CLIENT && columns.route[row] === target;
      return isCall && (columns.http[row] as number) > 0;
    });
    const cut = calls.filter((ref) => !hasChild(store, ref));
    if (calls.length < leastCalls || cut.length < calls.length / 2) continue;
    const requests = await latest(
      store,
      callee,
      inTime,
      ({ segment, row }) => kindOf(segment.columns.kind[row] as number) === SERVER,
    );
    const roots = requests.filter((ref) => parentIdOf(ref) === '');
    if (roots.length < leastCalls || roots.length < requests.length / 2) continue;
    yield {
      caller: catalog.services[service] as string,
      callee: catalog.services[callee] as string,
      target: catalog.routes.text(target),
      traceId: traceIdOf(cut[0] as Ref),
    };
  }
}

/** The newest spans of a service that have ended within a time. */
async function latest(
  store: Store,
  service: number,
  { fromMs, toMs, slice }: { readonly fromMs: number; readonly toMs: number; readonly slice: TimeSlice },
  isWanted: (ref: Ref) => boolean,
): Promise<Ref[]> {
  const from = (fromMs - store.startMs) * 1e6;
  const to = (toMs - store.startMs) * 1e6;
  const found: Ref[] = [];
  for (const segment of [...store.segments('spans', service)].reverse()) {
    if (segment.maxStart < from) break;
    const { start, duration } = segment.columns;
    for (let row = segment.rows - 1; row >= 0 && found.length < sampledCalls; row -= 1) {
      if (slice.isOver) await slice.rest();
      const began = start[row] as number;
      const ref = { segment, row };
      if (began >= from && began + (duration[row] as number) <= to && isWanted(ref)) found.push(ref);
    }
  }
  return found;
}

function hasChild(store: Store, ref: Ref): boolean {
  const id = spanIdOf(ref);
  const at = 4 * ref.row;
  const words = [...ref.segment.columns.trace.subarray(at, at + 4)] as unknown as TraceWords;
  return store.ofTrace('spans', words).some((other) => parentIdOf(other) === id);
}
