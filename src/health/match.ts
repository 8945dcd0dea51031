import type { HealthConfig } from './options.js';
import type { Probe } from './probe.js';

/** Which probe a request asks for, and for which group of checks. */
export interface ProbeTarget {
  readonly probe: Probe;
  readonly group: string | undefined;
}

/** The path of a request target, without its query and one trailing slash. */
export function probePath(target: string): string {
  const queryAt = target.indexOf('?');
  const path = queryAt < 0 ? target : target.slice(0, queryAt);
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

/**
 * The probe that a GET or HEAD of this request target asks for, or `undefined` if it is the application's: the path has to equal a probe's,
 * without its query and one trailing slash. `<path>/<group>` is the aggregate of a group that `hasGroup` knows.
 */
export function matchProbe(
  config: Pick<HealthConfig, 'path' | 'probes'>,
  method: string | undefined,
  target: string | undefined,
  hasGroup: (group: string) => boolean,
): ProbeTarget | undefined {
  if (target === undefined || (method !== 'GET' && method !== 'HEAD')) return undefined;
  const path = probePath(target);
  const probe = config.probes.get(path);
  if (probe !== undefined) return { probe, group: undefined };
  if (path[config.path.length] !== '/' || !path.startsWith(config.path)) return undefined;
  const group = path.slice(config.path.length + 1);
  return hasGroup(group) ? { probe: 'health', group } : undefined;
}
