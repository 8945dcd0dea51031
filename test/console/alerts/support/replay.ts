import { AlertEngine } from '../../../../src/console/alerts/engine.js';
import { durationMs } from '../../../../src/console/alerts/promql/lexer.js';
import { specsOf } from '../../../../src/console/alerts/rule-spec.js';
import type { AlertEvent } from '../../../../src/console/alerts/series-source.js';
import type { Expectation, Scenario, Trial } from '../../../external/support/promtool.js';
import { parseLabels, samplesOf } from './series-notation.js';

export const noTimers = { set: () => undefined, clear: () => {} };
/** Stands still: each evaluation comes with its time. */
export const stillClock = { now: () => 0, epochMs: () => 0 };

/** Called after each evaluation, with the time of it. */
export type Visit = (atMs: number, engine: AlertEngine) => void;

/** Feeds a scenario to an engine with the rules, and evaluates them when promtool does: all groups at every evaluation. */
export async function replay(
  { groups, evaluation }: Pick<Trial, 'groups' | 'evaluation'>,
  scenario: Scenario,
  visit: Visit,
): Promise<readonly AlertEvent[]> {
  const stepMs = durationMs(evaluation);
  const engine = new AlertEngine({
    groups: specsOf(groups).map((group) => ({ ...group, intervalMs: stepMs })),
    clock: stillClock,
    timers: noTimers,
    unreadMs: Number.MAX_SAFE_INTEGER,
    maxBytes: Number.POSITIVE_INFINITY,
  });
  const events: AlertEvent[] = [];
  engine.onEvent((event) => events.push(event));
  const samples = samplesOf(scenario);
  const endMs = Math.max(...scenario.expects.map(({ at }) => durationMs(at)));
  let next = 0;
  for (let atMs = 0; atMs <= endMs; atMs += stepMs) {
    for (; next < samples.length; next += 1) {
      const sample = samples[next];
      if (sample === undefined || sample.timeMs > atMs) break;
      const { name, labels, timeMs, value } = sample;
      if (value === 'stale') engine.store.markStale(name, labels, timeMs);
      else engine.store.append(name, labels, timeMs, value);
    }
    await engine.evaluateDue(atMs);
    const failed = engine.rules().find(({ failure }) => failure !== undefined);
    if (failed !== undefined) throw new Error(`${failed.name}: ${failed.failure}`);
    visit(atMs, engine);
  }
  return events;
}

export interface Verdict {
  readonly at: string;
  readonly query: string;
  readonly gives: readonly string[];
}

const sampleText = (labels: Readonly<Record<string, string>>, value: number) =>
  `${JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))} ${value}`;

/** What the engine gives where the scenario expects something, in one form with {@link expected}. */
export async function judge(trial: Trial, scenario: Scenario): Promise<Verdict[]> {
  const open = new Map<Expectation, Verdict>();
  await replay(trial, scenario, (atMs, engine) => {
    for (const expectation of scenario.expects) {
      const { at, query } = expectation;
      if (durationMs(at) !== atMs) continue;
      const gives = engine.query(query, atMs).samples.map(({ labels, value }) => sampleText(labels, value));
      open.set(expectation, { at, query, gives: gives.sort() });
    }
  });
  return scenario.expects.map((expectation) => {
    const verdict = open.get(expectation);
    if (verdict === undefined) throw new Error(`${expectation.at} is not a time of an evaluation`);
    return verdict;
  });
}

export function expected({ expects }: Scenario): Verdict[] {
  return expects.map(({ at, query, gives }) => ({
    at,
    query,
    gives: gives.map(({ labels, value }) => sampleText(parseLabels(labels), value)).sort(),
  }));
}
