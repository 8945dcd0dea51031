import { AlertEngine, type AlertEngineOptions } from '../../../../src/console/alerts/engine.js';
import type { AlertingSpec, GroupSpec, RuleSpec } from '../../../../src/console/alerts/rule-spec.js';
import type { AlertEvent } from '../../../../src/console/alerts/series-source.js';
import { noTimers, stillClock } from './replay.js';

export const alerting = (spec: Partial<AlertingSpec> & Pick<AlertingSpec, 'expr'>): AlertingSpec => ({
  alert: 'Test',
  forMs: 0,
  keepFiringForMs: 0,
  labels: {},
  annotations: {},
  ...spec,
});

export const group = (...rules: readonly RuleSpec[]): GroupSpec => ({
  name: 'test',
  intervalMs: 10_000,
  rules,
});

export function createEngine(
  groups: readonly GroupSpec[],
  options: Partial<AlertEngineOptions> = {},
): AlertEngine {
  return new AlertEngine({ groups, clock: stillClock, timers: noTimers, ...options });
}

/** `[seconds, state, labels]` of each event. */
export function recordEvents(engine: AlertEngine): [number, string, string][] {
  const events: [number, string, string][] = [];
  engine.onEvent(({ atMs, alert }: AlertEvent) => {
    const labels = Object.entries(alert.labels).filter(([name]) => name !== 'alertname');
    events.push([atMs / 1_000, alert.state, labels.map((pair) => pair.join('=')).join()]);
  });
  return events;
}

/** Appends a value each ten seconds, from 0 on, and evaluates; undefined: no sample. */
export async function run(
  engine: AlertEngine,
  values: Readonly<Record<string, readonly (number | undefined)[]>>,
  name = 'up',
): Promise<void> {
  const length = Math.max(...Object.values(values).map((all) => all.length));
  for (let index = 0; index < length; index += 1) {
    const atMs = index * 10_000;
    for (const [instance, all] of Object.entries(values)) {
      const value = all[index];
      if (value === undefined) engine.store.markStale(name, { instance }, atMs);
      else engine.store.append(name, { instance }, atMs, value);
    }
    await engine.evaluateDue(atMs);
  }
}
