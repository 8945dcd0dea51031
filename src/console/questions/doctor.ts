import type { TraceWords } from '../receive/words.js';
import type { Store } from '../store/store.js';
import { brokenTraces } from './broken-traces.js';
import { type ServiceDoctorParts, serviceFindings } from './doctor-services.js';
import { parentIdOf, spanIdOf, traceIdOf } from './item-json.js';
import { TimeSlice } from './time-slice.js';

/** Something that is missing or broken, with the cure. */
export interface Finding {
  /** 3: it breaks what the page shows; 2: it hides something; 1: it is good to know. */
  readonly harm: 1 | 2 | 3;
  readonly what: string;
  readonly service: string;
  readonly text: string;
  readonly cure: string;
}

interface DoctorParts extends ServiceDoctorParts {
  readonly store: Store;
  /** Log lines of each service, and those of them that name a trace. */
  readonly logCounts: ReadonlyMap<number, { lines: number; ofTraces: number }>;
}

const sampledRows = 50;
/** A parent may come so much later than its child, in milliseconds. */
const settleMs = 10_000;
const leastLines = 50;
/** What was given up is said for so long, in milliseconds. */
const rememberedMs = 15 * 60_000;
/** By the reason that the sender names. */
const cures: Readonly<Record<string, string>> = {
  export_failed:
    'Nothing took the items at that time: look whether this console was restarted, or could not be reached.',
};

/** What keeps the console from showing all, worst first. */
export async function findings(parts: DoctorParts): Promise<Finding[]> {
  const missing: Finding[] = [];
  for await (const finding of orphans(parts)) missing.push(finding);
  for await (const { caller, callee, target, traceId } of brokenTraces(parts))
    missing.push({
      harm: 3,
      what: 'broken-trace',
      service: callee,
      text: `requests to ${callee} begin traces of their own, although ${caller} calls it at ${target}: the trace context gets lost on the way, as in trace ${traceId}`,
      cure: `Have what stands between ${caller} and ${callee} pass on the headers traceparent and tracestate; look whether propagateTo of ${caller} excludes ${target}.`,
    });
  const found = [
    ...missing,
    ...skews(parts),
    ...uncorrelated(parts),
    ...pools(parts),
    ...drops(parts),
    ...silent(parts),
    ...overflows(parts),
    ...serviceFindings(parts),
  ];
  return found.sort((a, b) => b.harm - a.harm);
}

/** Of the newest spans of a service, those whose parent is not there. */
async function* orphans({ store, catalog, now }: DoctorParts): AsyncGenerator<Finding> {
  const slice = new TimeSlice();
  const settled = (now() - store.startMs - settleMs) * 1e6;
  for (const [id, service] of catalog.services.entries()) {
    let looked = 0;
    let missing = 0;
    let example = '';
    const segments = [...store.segments('spans', id)].reverse();
    for (const segment of segments) {
      const { columns } = segment;
      for (let row = segment.rows - 1; row >= 0 && looked < sampledRows; row -= 1) {
        if (slice.isOver) await slice.rest();
        const ref = { segment, row };
        const parent = parentIdOf(ref);
        if (parent === '' || (columns.start[row] as number) + (columns.duration[row] as number) > settled)
          continue;
        looked += 1;
        const at = 4 * row;
        const words = [...columns.trace.subarray(at, at + 4)] as unknown as TraceWords;
        if (store.ofTrace('spans', words).some((other) => spanIdOf(other) === parent)) continue;
        missing += 1;
        example = traceIdOf(ref);
      }
      if (looked >= sampledRows) break;
    }
    if (missing > 0)
      yield {
        harm: 3,
        what: 'orphans',
        service,
        text: `${Math.round((100 * missing) / looked)} % of the latest spans of ${service} have a parent that is not here, as in trace ${example}`,
        cure: 'Point every service at this console, and have each sample as its caller does (OTEL_TRACES_SAMPLER=parentbased_always_on).',
      };
  }
}

function* skews({ signals, catalog }: DoctorParts): Generator<Finding> {
  for (const { caller, callee, offsetMs } of signals.skew.proven()) {
    if (Math.abs(offsetMs) < 2) continue;
    const from = catalog.resource(caller).serviceName;
    const to = catalog.resource(callee).serviceName;
    yield {
      harm: 1,
      what: 'skew',
      service: to,
      text: `the clock of ${to} is ${Math.abs(offsetMs).toFixed(1)} ms ${offsetMs > 0 ? 'ahead of' : 'behind'} that of ${from}; traces are drawn without that`,
      cure: 'Have both hosts keep time by NTP.',
    };
  }
}

function* uncorrelated({ logCounts, catalog }: DoctorParts): Generator<Finding> {
  for (const [id, { lines, ofTraces }] of logCounts) {
    if (lines < leastLines || ofTraces > 0) continue;
    const service = catalog.services[id] as string;
    yield {
      harm: 2,
      what: 'logs',
      service,
      text: `none of the ${lines} log lines of ${service} names a trace`,
      cure: 'Log through pino or winston with golden-signals, or add traceFields() to each line.',
    };
  }
}

function* pools({ gauges, catalog }: DoctorParts): Generator<Finding> {
  const bounded = new Set<string>();
  const used = new Map<string, { service: string; pool: string }>();
  for (const { metric, resource, detail } of gauges.all()) {
    const pool = detail.replace(/ (used|idle)$/, '');
    if (/^db\.client\.connection\.(?:limit|max)$/.test(metric)) bounded.add(`${resource} ${pool}`);
    else if (metric === 'db.client.connection.count')
      used.set(`${resource} ${pool}`, { service: catalog.resource(resource).serviceName, pool });
  }
  for (const [key, { service, pool }] of used) {
    if (!bounded.has(key))
      yield {
        harm: 2,
        what: 'pool',
        service,
        text: `pool ${pool} of ${service} tells no maximum, so that its saturation cannot be known`,
        cure: 'Hand the pool to instrument(app, { pools }), which reports db.client.connection.limit.',
      };
  }
}

function* drops({ gauges, catalog, now }: DoctorParts): Generator<Finding> {
  for (const { metric, resource, detail, lastRaised } of gauges.all()) {
    const isOfSdk = metric === 'otel.sdk.processor.span.processed' && detail !== '';
    if (metric !== 'golden_signals.dropped' && !isOfSdk) continue;
    const agoMs = now() - lastRaised.timeMs;
    if (agoMs > rememberedMs) continue;
    const service = catalog.resource(resource).serviceName;
    yield {
      harm: 2,
      what: 'drops',
      service,
      text: `${service} gave up ${lastRaised.value.toPrecision(2)} items a second before they were sent, ${Math.max(0, Math.round(agoMs / 1_000))} s ago: ${detail}`,
      cure: cures[detail] ?? 'Raise OTEL_BSP_MAX_QUEUE_SIZE, or sample (traces.sampleRatio).',
    };
  }
}

function* silent({ states, catalog, now }: DoctorParts): Generator<Finding> {
  for (const { resource, beatMs, intervalMs } of states.heartbeats()) {
    const age = now() - beatMs;
    if (intervalMs === 0 || beatMs === 0 || age < Math.max(3 * intervalMs, 120_000)) continue;
    const { serviceName, instance } = catalog.resource(resource);
    yield {
      harm: 2,
      what: 'silent',
      service: serviceName,
      text: `instance ${instance} of ${serviceName} last beat ${Math.round(age / 1_000)} s ago, and has not said that it ends`,
      cure: 'Look whether the process runs, and whether it reaches this console.',
    };
  }
}

function* overflows({ signals, gauges }: DoctorParts): Generator<Finding> {
  if (signals.series.overflowed + gauges.overflowed === 0) return;
  yield {
    harm: 2,
    what: 'overflow',
    service: '',
    text: 'a service has more than 500 routes, operations or targets; the rest shares one row',
    cure: 'Name spans by route (http.route) rather than by path.',
  };
}
