import type { AlertView, ServiceRow } from '../data/answers.js';
import type { State } from '../parts/mark.js';
import { FAILING } from '../parts/red-columns.js';

/** What a person looks at first: what users notice, then what causes it. */
const signals = ['latency', 'errors', 'liveness', 'traffic', 'saturation', 'slo'];

/** Alerts that fire and are for people, those that page first. */
export function firingOf(alerts: readonly AlertView[]): readonly AlertView[] {
  return alerts.filter(({ state, severity }) => state === 'firing' && severity !== 'none').sort(byUrgency);
}

const stateRank: Readonly<Record<string, number>> = { firing: 0, pending: 1, resolved: 2 };

export function byUrgency(one: AlertView, other: AlertView): number {
  const rank = ({ state, severity, signal }: AlertView) =>
    100 * (stateRank[state] ?? 3) + (severity === 'page' ? 0 : 10) + signals.indexOf(signal ?? '');
  return rank(one) - rank(other) || other.activeAtMs - one.activeAtMs;
}

export function stateOfAlert({ state, severity }: AlertView): State {
  if (state !== 'firing') return state === 'pending' ? 'warn' : 'off';
  return severity === 'page' ? 'fail' : 'warn';
}

/** How a service is: by the alerts about it, by what it says of itself, and by how many of its requests fail. */
export function stateOfService(service: ServiceRow, firing: readonly AlertView[], nowMs: number): State {
  const own = firing.filter((alert) => alert.service === service.service);
  if (own.some(({ severity }) => severity === 'page')) return 'fail';
  if (own.length > 0) return 'warn';
  if (service.breakers.some(({ state }) => state === 'open')) return 'open';
  if (service.instances.some((instance) => stateOfBeat(instance, nowMs) === 'warn')) return 'warn';
  if ((service.errorRatio ?? 0) > FAILING) return 'warn';
  const isGone = service.instances.length > 0 && service.instances.every(({ hasEnded }) => hasEnded);
  return isGone ? 'off' : 'fine';
}

type Instance = ServiceRow['instances'][number];

/** A heartbeat is late when three of them are missing, or nothing came for two minutes where they are rare. */
export function stateOfBeat({ beatMs, beatIntervalMs, hasEnded }: Instance, nowMs: number): State {
  if (hasEnded || beatMs === null || beatIntervalMs === null || beatIntervalMs === 0) return 'off';
  return nowMs - beatMs > Math.max(3 * beatIntervalMs, 15_000) ? 'warn' : 'fine';
}

/** The latest heartbeat of those that go on. */
export function lastBeat(instances: readonly Instance[]): Instance | undefined {
  let last: Instance | undefined;
  for (const one of instances) {
    if (one.beatMs === null || one.hasEnded) continue;
    if (last === undefined || one.beatMs > (last.beatMs ?? 0)) last = one;
  }
  return last;
}
