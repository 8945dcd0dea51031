import { SPAN } from '../receive/otlp-schema.js';
import type { Json } from '../receive/protobuf-to-json.js';
import type { TraceWords } from '../receive/words.js';
import { EDGE } from '../signals/series-table.js';
import type { Lane } from '../signals/states.js';
import { plainAttributes } from '../store/attributes.js';
import { CLIENT, FAILED, isFailure, kindOf } from '../store/draft.js';
import type { Ref, Store } from '../store/store.js';
import { parentIdOf, restOf, spanIdOf, traceIdOf } from './item-json.js';
import type { Query } from './query.js';
import { redOf } from './red.js';
import type { ServiceParts } from './services-view.js';
import { TimeSlice } from './time-slice.js';

/** A change of a circuit breaker, as the span of the request says whose call caused it. */
interface TransitionEvent {
  readonly timeMs: number;
  readonly from: string;
  readonly to: string;
  /** Why, in the words of the breaker. */
  readonly why: string;
  readonly calls: number | null;
  readonly failures: number | null;
  /** Failed calls that were counted, by reason. */
  readonly reasons: readonly { readonly reason: string; readonly count: number }[];
  /** When it lets calls through again; null where it does not say. */
  readonly nextTryMs: number | null;
}

/** With the failed call that caused it. */
interface Transition extends TransitionEvent {
  readonly traceId: string;
  readonly spanId: string;
}

/** The error of a call that was not made. */
const rejectedReason = 'ERR_CIRCUIT_OPEN';
/** So many failed calls of a breaker are opened at most. */
const mostOpened = 200;
/** The state of a breaker is reported once in so long at most: the call that changed it is older, in milliseconds. */
const reportMs = 65_000;
/** A larger trace is not searched for the request of a call. */
const mostOfTrace = 5_000;
const rowsPerSlice = 512;

interface FailedCall {
  readonly ref: Ref;
  readonly endMs: number;
  readonly reason: string;
  readonly isCounted: boolean;
  readonly events: readonly TransitionEvent[];
}

/** Every circuit breaker: its state, what it counts, and the trace that opened it. */
export async function breakersView(
  parts: ServiceParts & { readonly store: Store },
  query: Query,
  nowMs: number,
) {
  const { catalog, signals, gauges, states, store } = parts;
  const { fromMs, toMs } = query.window();
  const wanted = query.text('service');
  const totals = signals.timeline.totals(fromMs, toMs);
  const rejected = new Map<string, number>();
  for (const { metric, resource, detail, last, lastMs } of gauges.all()) {
    if (metric === 'golden_signals.breaker.rejected' && nowMs - lastMs < reportMs)
      rejected.set(`${resource} ${detail}`, last);
  }
  const lanes = [...states.lanes()].filter(({ kind, resource }) => {
    const { serviceName } = catalog.resource(resource);
    return kind === 'breaker' && (wanted === undefined || serviceName === wanted);
  });
  const calls = await failedCalls(store, lanes, fromMs);
  const rows = lanes.map((lane) => {
    const { resource, name, changes } = lane;
    const { service, serviceName, instance } = catalog.resource(resource);
    const target = catalog.routes.find(name);
    const failed = (calls.get(`${resource} ${target}`) ?? []).map((ref) => failedCall(store, ref, name));
    // A breaker counts no 4xx, but what changed its state may stand with the request of such a call.
    const counted = failed.filter(({ isCounted }) => isCounted);
    const transitions = transitionsOf(failed);
    const newest = transitions.at(-1);
    const last = changes.at(-1);
    return {
      service: serviceName,
      instance,
      name,
      state: last?.state ?? '',
      sinceMs: last?.timeMs ?? null,
      changes: changes.filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs),
      // Of all instances of the service.
      calls: redOf(
        target === undefined ? undefined : totals.get(signals.series.idOf(EDGE, service, 0, target)),
        Math.max(1_000, toMs - Math.max(fromMs, signals.timeline.sinceMs)),
      ),
      rejectedPerS: rejected.get(`${resource} ${name}`) ?? null,
      reasons: reasonsOf(counted.filter(({ endMs }) => endMs >= fromMs && endMs <= toMs)),
      tripped: trippedBy(lane, transitions) ?? likelyCause(lane, counted),
      nextTryMs: last?.state === 'open' && newest?.to === 'open' ? newest.nextTryMs : null,
    };
  });
  return { rows };
}

/** The newest failed calls of each process and target, looked for once for all breakers of a service. */
async function failedCalls(
  store: Store,
  lanes: readonly Lane[],
  fromMs: number,
): Promise<ReadonlyMap<string, readonly Ref[]>> {
  const slice = new TimeSlice();
  const since = new Map<number, number>();
  for (const { resource, changes } of lanes) {
    const { service } = store.catalog.resource(resource);
    const openedMs = changes.findLast(({ state }) => state === 'open')?.timeMs ?? Number.POSITIVE_INFINITY;
    since.set(service, Math.min(since.get(service) ?? fromMs, openedMs - reportMs));
  }
  const found = new Map<string, Ref[]>(
    lanes.map(({ resource, name }) => [`${resource} ${store.catalog.routes.find(name)}`, []]),
  );
  for (const [service, ms] of since) {
    const from = (ms - store.startMs) * 1e6;
    for (const segment of [...store.segments('spans', service)].reverse()) {
      if (segment.maxStart + segment.maxDuration < from) continue;
      const { columns } = segment;
      for (let row = segment.rows - 1; row >= 0; row -= 1) {
        if (row % rowsPerSlice === 0) await slice.rest();
        const bits = columns.kind[row] as number;
        if ((bits & FAILED) === 0 || kindOf(bits) !== CLIENT) continue;
        if ((columns.start[row] as number) + (columns.duration[row] as number) < from) continue;
        const refs = found.get(`${columns.resource[row]} ${columns.route[row]}`);
        if (refs !== undefined && refs.length < mostOpened) refs.push({ segment, row });
      }
    }
  }
  return found;
}

function failedCall(store: Store, ref: Ref, breaker: string): FailedCall {
  const { columns } = ref.segment;
  const rest = restOf(ref, SPAN);
  const { 'error.type': type = 'failed' } = plainAttributes(rest);
  return {
    ref,
    endMs: store.startMs + ((columns.start[ref.row] as number) + (columns.duration[ref.row] as number)) / 1e6,
    reason: String(type),
    isCounted: isFailure(columns.kind[ref.row] as number, columns.http[ref.row] as number),
    events: [...eventsOf(rest, breaker), ...eventsOf(parentOf(store, ref), breaker)],
  };
}

function reasonsOf(calls: readonly { readonly reason: string }[]) {
  const counts = new Map<string, number>();
  for (const { reason } of calls) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count);
}

/** What took the circuit out of the closed state, the last time. */
function trippedBy({ changes }: Lane, transitions: readonly Transition[]) {
  const hasOpened = changes.some(({ state }) => state === 'open');
  const trip = transitions.findLast(({ from, to }) => from === 'closed' && to === 'open');
  return hasOpened && trip !== undefined ? { ...trip, isCertain: true } : undefined;
}

/** Where no span says so, the last call that failed before the circuit was seen open. */
function likelyCause(
  { changes }: Lane,
  failed: readonly { readonly ref: Ref; readonly endMs: number; readonly reason: string }[],
) {
  const opened = changes.findLast(
    ({ state }, index) => state === 'open' && changes[index - 1]?.state !== 'half-open',
  );
  if (opened === undefined) return null;
  let latest: (typeof failed)[number] | undefined;
  for (const call of failed) {
    if (call.reason === rejectedReason) continue;
    if (call.endMs <= opened.timeMs && (latest === undefined || call.endMs > latest.endMs)) latest = call;
  }
  if (latest === undefined || opened.timeMs - latest.endMs > reportMs) return null;
  return {
    timeMs: latest.endMs,
    why: latest.reason,
    traceId: traceIdOf(latest.ref),
    spanId: spanIdOf(latest.ref),
    isCertain: false,
  };
}

/** An event stands with the request, which may have made several calls: the one that ended closest to it caused it. */
function transitionsOf(failed: readonly FailedCall[]): Transition[] {
  const closest = new Map<string, { readonly event: TransitionEvent; readonly call: FailedCall }>();
  for (const call of failed) {
    for (const event of call.events) {
      const key = `${event.timeMs} ${event.to}`;
      const known = closest.get(key)?.call ?? call;
      const isCloser = Math.abs(call.endMs - event.timeMs) <= Math.abs(known.endMs - event.timeMs);
      if (isCloser) closest.set(key, { event, call });
    }
  }
  return [...closest.values()]
    .map(({ event, call: { ref } }) => ({ ...event, traceId: traceIdOf(ref), spanId: spanIdOf(ref) }))
    .sort((a, b) => a.timeMs - b.timeMs);
}

/** What is in no column of the span that made a call; nothing where it is not there. */
function parentOf(store: Store, ref: Ref): Json {
  const id = parentIdOf(ref);
  if (id === '') return {};
  const at = 4 * ref.row;
  const words = [...ref.segment.columns.trace.subarray(at, at + 4)] as unknown as TraceWords;
  const parent = store.ofTrace('spans', words, mostOfTrace).find((other) => spanIdOf(other) === id);
  return parent === undefined ? {} : restOf(parent, SPAN);
}

function eventsOf(rest: Json, breaker: string): TransitionEvent[] {
  return ((rest.events ?? []) as readonly Json[]).flatMap((event) => {
    if (event.name !== 'golden_signals.breaker.transition') return [];
    const attributes = plainAttributes(event);
    const of = (key: string) => attributes[`golden_signals.breaker.${key}`];
    if (of('name') !== breaker) return [];
    const timeMs = Number(event.timeUnixNano ?? 0) / 1e6;
    const retryAfter = of('retry_after');
    const number = (value: unknown) => (typeof value === 'number' ? value : null);
    return [
      {
        timeMs,
        from: String(of('previous_state') ?? ''),
        to: String(of('state') ?? ''),
        why: String(of('reason') ?? ''),
        calls: number(of('calls')),
        failures: number(of('failures')),
        reasons: ((of('failure_reasons') ?? []) as readonly unknown[]).map((one) => {
          const [reason = '', count] = String(one).split(/=(?=\d+$)/);
          return { reason, count: Number(count ?? 0) };
        }),
        nextTryMs: typeof retryAfter === 'number' && retryAfter > 0 ? timeMs + retryAfter * 1_000 : null,
      },
    ];
  });
}
