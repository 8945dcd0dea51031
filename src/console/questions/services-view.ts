import type { Gauge, Gauges } from '../signals/gauges.js';
import type { Signals } from '../signals/signals.js';
import type { Starts } from '../signals/starts.js';
import type { States } from '../signals/states.js';
import type { Catalog } from '../store/catalog.js';
import { breakersOf, instancesOf } from './instances.js';
import type { Query } from './query.js';
import { redOf } from './red.js';
import { type SignalRow, signalRows } from './signals-view.js';

export interface ServiceParts {
  readonly catalog: Catalog;
  readonly signals: Signals;
  readonly gauges: Gauges;
  readonly states: States;
  readonly starts: Starts;
}

/** What of a service is used up most, in [0, 1]. */
export interface Saturation {
  readonly what: 'pool' | 'loop' | 'cpu' | 'memory';
  readonly name: string;
  readonly instance: string;
  readonly ratio: number;
  readonly used: number;
  readonly max: number;
  readonly waiting: number;
}

/** A gauge that was not set for so long says nothing of now. */
const staleMs = 150_000;

function saturations({ gauges, catalog }: ServiceParts, nowMs: number): Map<number, Saturation[]> {
  const byResource = new Map<number, Map<string, Gauge>>();
  for (const gauge of gauges.all()) {
    if (nowMs - gauge.lastMs > staleMs) continue;
    let own = byResource.get(gauge.resource);
    if (own === undefined) {
      own = new Map();
      byResource.set(gauge.resource, own);
    }
    own.set(`${gauge.metric} ${gauge.detail}`.trim(), gauge);
  }
  const result = new Map<number, Saturation[]>();
  for (const [id, own] of byResource) {
    const { service, instance } = catalog.resource(id);
    const list = result.get(service) ?? [];
    result.set(service, list);
    const add = (what: Saturation['what'], name: string, used: number, max: number, waiting = 0) => {
      if (max > 0) list.push({ what, name, instance, ratio: used / max, used, max, waiting });
    };
    const last = (name: string) => own.get(name)?.last ?? 0;
    for (const gauge of own.values()) {
      if (!/^db\.client\.connection\.(?:limit|max)$/.test(gauge.metric)) continue;
      const pool = gauge.detail;
      add(
        'pool',
        pool,
        last(`db.client.connection.count ${pool} used`),
        gauge.last,
        last(`db.client.connection.pending_requests ${pool}`),
      );
    }
    const loop = own.get('nodejs.eventloop.utilization');
    if (loop !== undefined) add('loop', 'event loop', loop.last, 1);
    const limit = last('golden_signals.container.memory.limit');
    if (limit > 0) add('memory', 'memory', limit - last('container.memory.available'), limit);
    const cpus = last('golden_signals.container.cpu.limit');
    if (cpus > 0) add('cpu', 'cpu', last('process.cpu.time user') + last('process.cpu.time system'), cpus);
  }
  for (const list of result.values()) list.sort((a, b) => b.ratio - a.ratio);
  return result;
}

/** Every service with its golden signals, its processes and their states. */
export function servicesView(parts: ServiceParts, query: Query, nowMs: number) {
  const { catalog, signals, states, starts } = parts;
  const window = query.window();
  const rows = signalRows(signals, catalog, ['service'], window);
  const byName = new Map<string, SignalRow>(rows.map((row) => [row.service, row]));
  const saturation = saturations(parts, nowMs);
  const sparkMs = Math.max(10_000, Math.ceil((window.toMs - window.fromMs) / 30 / 10_000) * 10_000);
  const heartbeats = new Map([...states.heartbeats()].map((heartbeat) => [heartbeat.resource, heartbeat]));
  const lanes = [...states.lanes()];
  const happenings = starts
    .all(nowMs)
    .filter(({ timeMs }) => timeMs >= window.fromMs && timeMs <= window.toMs);
  return catalog.services
    .map((service, id) => {
      const row = byName.get(service);
      const isMetric = row?.source === 'metrics';
      const steps = signals.timeline.steps(
        signals.series.idOf(0, id, 0, 0, isMetric),
        Math.floor(window.fromMs / sparkMs) * sparkMs,
        window.toMs,
        sparkMs,
      );
      const own = saturation.get(id) ?? [];
      return {
        service,
        source: row?.source ?? 'spans',
        ...redOf(undefined, 1),
        ...(row ?? {}),
        spark: {
          stepMs: sparkMs,
          rate: steps.map((cell) => (cell?.count ?? 0) / (sparkMs / 1_000)),
          errorRatio: steps.map((cell) => (cell === undefined ? null : cell.errors / cell.count)),
          p99: steps.map((cell) => cell?.histogram.quantile(0.99) ?? null),
        },
        saturation: own,
        instances: instancesOf(catalog, id, { heartbeats, lanes, fromMs: window.fromMs }),
        restarts: happenings
          .filter((one) => one.service === service && one.kind !== 'start')
          .map(({ timeMs, kind, version }) => ({ timeMs, kind, version })),
        breakers: breakersOf(catalog, id, lanes),
      };
    })
    .filter(
      ({ service, count, instances }) => service !== 'unknown_service' || count > 0 || instances.length > 0,
    );
}

/** States over time, and what was started and deployed. */
export function statesView({ catalog, states, starts }: ServiceParts, query: Query, nowMs: number) {
  const { fromMs, toMs } = query.window();
  const service = query.text('service');
  return {
    fromMs,
    toMs,
    lanes: [...states.lanes()].flatMap(({ kind, resource, name, changes, lastMs }) => {
      const { serviceName, instance } = catalog.resource(resource);
      if (service !== undefined && serviceName !== service) return [];
      const inside = changes.filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs);
      const before = changes.findLast(({ timeMs }) => timeMs < fromMs);
      return [
        {
          kind,
          service: serviceName,
          instance,
          name,
          lastMs,
          changes: before === undefined ? inside : [before, ...inside],
        },
      ];
    }),
    heartbeats: [...states.heartbeats()].flatMap(({ resource, beatMs, intervalMs }) => {
      const { serviceName, instance } = catalog.resource(resource);
      return service !== undefined && serviceName !== service
        ? []
        : [{ service: serviceName, instance, beatMs, intervalMs }];
    }),
    happenings: starts
      .all(nowMs)
      .filter(
        (one) =>
          one.timeMs >= fromMs && one.timeMs <= toMs && (service === undefined || one.service === service),
      ),
  };
}

/** What processes report of themselves, over time. */
export function gaugesView({ catalog, gauges }: ServiceParts, query: Query) {
  const { fromMs, toMs } = query.window();
  const service = query.text('service');
  const metric = query.text('metric');
  const stepMs = Math.max(10_000, query.durationMs('step') ?? Math.ceil((toMs - fromMs) / 600_000) * 10_000);
  const startMs = Math.floor(fromMs / stepMs) * stepMs;
  return {
    fromMs: startMs,
    toMs,
    stepMs,
    series: [...gauges.all()].flatMap((gauge) => {
      const { serviceName, instance } = catalog.resource(gauge.resource);
      if (service !== undefined && serviceName !== service) return [];
      if (metric !== undefined && gauge.metric !== metric) return [];
      return [
        {
          service: serviceName,
          instance,
          metric: gauge.metric,
          detail: gauge.detail,
          unit: gauge.unit,
          last: gauge.last,
          values: gauge.steps(startMs, toMs, stepMs),
        },
      ];
    }),
  };
}

/** Services, what they call, and how that goes. */
export function mapView(parts: ServiceParts, query: Query, nowMs: number) {
  const { catalog, signals, states } = parts;
  const rows = signalRows(signals, catalog, ['service', 'edge'], query.window());
  const saturation = saturations(parts, nowMs);
  const open = new Map<string, string>();
  for (const { kind, resource, name, changes } of states.lanes()) {
    const state = changes.at(-1)?.state;
    if (kind === 'breaker' && state !== undefined && state !== 'closed')
      open.set(`${catalog.resource(resource).serviceName} ${name}`, state);
  }
  const nodes = new Map<
    string,
    {
      name: string;
      kind: 'service' | 'database' | 'peer';
      red: SignalRow | undefined;
      saturation: Saturation | undefined;
    }
  >();
  const node = (name: string, kind: 'service' | 'database' | 'peer', red?: SignalRow) => {
    const known = nodes.get(name);
    if (known !== undefined && (known.red !== undefined || red === undefined)) return;
    const id = catalog.findService(name);
    nodes.set(name, {
      name,
      kind,
      red,
      saturation: kind === 'service' && id !== undefined ? saturation.get(id)?.[0] : undefined,
    });
  };
  for (const row of rows) if (row.kind === 'service') node(row.service, 'service', row);
  const edges: (Pick<
    SignalRow,
    'target' | 'count' | 'rate' | 'errors' | 'errorRatio' | 'p50' | 'p95' | 'p99' | 'slowest' | 'failed'
  > & {
    from: string;
    to: string;
    breaker: string | undefined;
  })[] = [];
  for (const row of rows) {
    if (row.kind !== 'edge') continue;
    node(row.service, 'service');
    const kind = row.target.includes(' ') ? 'database' : 'peer';
    const callees = row.callees.length > 0 ? row.callees : [{ service: row.target || '(unknown)', share: 1 }];
    for (const { service, share } of callees) {
      node(service, row.callees.length > 0 ? 'service' : kind);
      const { target, errorRatio, p50, p95, p99, slowest, failed } = row;
      edges.push({
        from: row.service,
        to: service,
        target,
        count: Math.round(row.count * share),
        rate: row.rate * share,
        errors: Math.round(row.errors * share),
        errorRatio,
        p50,
        p95,
        p99,
        slowest,
        failed,
        breaker: open.get(`${row.service} ${target}`),
      });
    }
  }
  return { nodes: [...nodes.values()], edges };
}
