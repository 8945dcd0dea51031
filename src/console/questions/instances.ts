import type { Heartbeat, Lane } from '../signals/states.js';
import type { Catalog } from '../store/catalog.js';

interface InstanceParts {
  readonly heartbeats: ReadonlyMap<number, Heartbeat>;
  readonly lanes: readonly Lane[];
  /** Those that have sent nothing since are left out. */
  readonly fromMs: number;
}

/** The processes of a service, the one that sent something last first. */
export function instancesOf(catalog: Catalog, service: number, { heartbeats, lanes, fromMs }: InstanceParts) {
  const seen = new Set<string>();
  return [...catalog.resources.entries()]
    .filter(([id, resource]) => resource.service === service && id !== 0 && catalog.seen(id).lastMs >= fromMs)
    .sort(([a], [b]) => catalog.seen(b).lastMs - catalog.seen(a).lastMs)
    .flatMap(([id, { instance, version, attributes }]) => {
      // A process may come with several resources, as of two signals.
      if (instance !== '' && seen.has(instance)) return [];
      seen.add(instance);
      const heartbeat = heartbeats.get(id);
      const { firstMs, lastMs } = catalog.seen(id);
      return [
        {
          instance,
          version,
          attributes,
          upSinceMs: startOf(attributes) ?? firstMs,
          firstSeenMs: firstMs,
          lastSeenMs: lastMs,
          beatMs: heartbeat?.beatMs ?? null,
          beatIntervalMs: heartbeat?.intervalMs ?? null,
          hasEnded: heartbeat !== undefined && heartbeat.beatMs > 0 && heartbeat.intervalMs === 0,
          probes: lanes
            .filter((lane) => lane.kind === 'probe' && lane.resource === id)
            .map(({ name, changes }) => ({
              name,
              state: changes.at(-1)?.state ?? '',
              sinceMs: changes.at(-1)?.timeMs ?? null,
            })),
        },
      ];
    });
}

function startOf({ 'process.creation.time': time }: Readonly<Record<string, unknown>>): number | undefined {
  const ms = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

export function breakersOf(catalog: Catalog, service: number, lanes: readonly Lane[]) {
  return lanes
    .filter((lane) => lane.kind === 'breaker' && catalog.resource(lane.resource).service === service)
    .map(({ name, changes, resource }) => ({
      name,
      instance: catalog.resource(resource).instance,
      state: changes.at(-1)?.state ?? '',
      sinceMs: changes.at(-1)?.timeMs ?? null,
    }));
}
