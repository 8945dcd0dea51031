import type { Lane, LanePart } from '../chart/lanes.js';
import type { AlertsAnswer, StatesAnswer } from '../data/answers.js';
import { clock } from '../parts/format.js';

const stateOf: Readonly<Record<string, string>> = {
  closed: 'fine',
  open: 'open',
  'half-open': 'warn',
  half_open: 'warn',
};

/** What a service was in over time: alerts, breakers, probes, heartbeats, starts and deploys. */
export function lanesOf(
  service: string,
  states: StatesAnswer,
  alerts: AlertsAnswer | undefined,
  nowMs: number,
): Lane[] {
  const { toMs } = states;
  const own = new Set(
    (alerts?.alerts ?? []).filter((alert) => alert.service === service).map(({ id }) => id),
  );
  const fired = (alerts?.history ?? []).filter(
    ({ id, labels }) => own.has(id) || (labels.job ?? '').replace(/^.*\//, '') === service,
  );
  const lanes: Lane[] = [];
  if (fired.length > 0)
    lanes.push({
      name: 'alerts',
      parts: fired.map(({ name, firedAtMs, resolvedAtMs }) => ({
        fromMs: firedAtMs,
        toMs: resolvedAtMs ?? nowMs,
        state: 'fail',
        label: `${name} since ${clock(firedAtMs)}${resolvedAtMs === null ? '' : ` until ${clock(resolvedAtMs)}`}`,
      })),
    });
  for (const { kind, name, changes, lastMs } of states.lanes) {
    // A closed breaker that never was anything else says nothing.
    if (kind === 'breaker' && changes.every(({ state }) => state === 'closed')) continue;
    lanes.push({
      name: kind === 'breaker' ? 'circuit' : name,
      hint: `${kind} ${name}`,
      parts: partsOf(changes, Math.min(toMs, Math.max(lastMs, nowMs - 60_000))),
    });
  }
  const beats = states.heartbeats.filter(({ beatMs }) => beatMs > 0);
  if (beats.length > 0 || states.happenings.length > 0)
    lanes.push({
      name: 'life',
      parts: beats.map(({ beatMs, intervalMs, instance }) => ({
        fromMs: startOf(states, instance),
        toMs: Math.min(
          toMs,
          intervalMs === 0 ? beatMs : Math.max(beatMs, Math.min(nowMs, beatMs + 2 * intervalMs)),
        ),
        state: intervalMs > 0 && nowMs - beatMs > 3 * intervalMs ? 'warn' : 'fine',
        label: `instance ${instance}: last heartbeat ${clock(beatMs)}`,
      })),
      ticks: states.happenings.map(({ timeMs, kind, version }) => ({
        timeMs,
        label: version === '' ? kind : `${kind} of version ${version}`,
      })),
    });
  return lanes;
}

function startOf({ happenings, fromMs }: StatesAnswer, instance: string): number {
  return happenings.find((one) => one.instance === instance)?.timeMs ?? fromMs;
}

function partsOf(
  changes: readonly { readonly timeMs: number; readonly state: string }[],
  endMs: number,
): LanePart[] {
  return changes.map(({ timeMs, state }, index) => ({
    fromMs: timeMs,
    toMs: changes[index + 1]?.timeMs ?? endMs,
    state: stateOf[state] ?? (/^(?:ok|up|pass|ready|alive)$/.test(state) ? 'fine' : 'warn'),
    label: `${state} since ${clock(timeMs)}`,
  }));
}
