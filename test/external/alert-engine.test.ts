import { describe, expect, test } from 'vitest';
import { durationMs } from '../../src/console/alerts/promql/lexer.js';
import { isAlert } from '../../src/rules/rule.js';
import type { Answer } from '../console/alerts/support/answers.js';
import { replay } from '../console/alerts/support/replay.js';
import { askAlerts, askPromtool } from './support/promtool-answers.js';
import { trials } from './support/trials.js';

/** All that rules write. */
const written = '{__name__=~"ALERTS|ALERTS_FOR_STATE|job(_le)?:.+"}';

const scenarios = Object.entries(trials).flatMap(([group, trial]) =>
  trial.scenarios.map((scenario) => [group, scenario.name, trial, scenario] as const),
);

const text = (labels: Readonly<Record<string, string>>) =>
  JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Values to twelve digits: promtool adds up in an order that differs from run to run. */
function samplesText(answer: Answer): string[] {
  if (answer === 'error') return ['error'];
  return answer.map(([labels, value]) => `${text(labels)} ${Number(value.toPrecision(12))}`).sort();
}

describe('the engine and promtool give the same at every evaluation', () => {
  test.each(scenarios)('%s: %s', async (_group, _name, trial, scenario) => {
    const stepS = durationMs(trial.evaluation) / 1_000;
    const names = [
      ...new Set(trial.groups.flatMap(({ rules }) => rules.filter(isAlert).map(({ alert }) => alert))),
    ];
    const times: number[] = [];
    const here: { samples: string[]; alerts: string[] }[] = [];
    await replay(trial, scenario, (atMs, engine) => {
      times.push(atMs / 1_000);
      const samples = engine
        .query(written, atMs)
        .samples.map(({ labels, value }) => [labels, value] as const);
      const alerts = engine
        .alerts()
        .filter(({ state }) => state === 'firing')
        .map(({ labels, annotations }) => `${text(labels)} ${text(annotations)}`);
      here.push({ samples: samplesText(samples), alerts: alerts.sort() });
    });
    const world = { ...trial, interval: scenario.interval, series: scenario.series };
    const answers = askPromtool(
      world,
      times.map((atS) => ({ expr: written, atS })),
    );
    const alerts = askAlerts(world, names, times);
    const there = times.map((atS, index) => ({
      samples: samplesText(answers[index] as Answer),
      alerts: (alerts.get(atS) ?? [])
        .map(({ labels, annotations }) => `${text(labels)} ${text(annotations)}`)
        .sort(),
    }));
    expect(times.length).toBeGreaterThanOrEqual(Math.floor((times.at(-1) ?? 0) / stepS));
    expect(here.some(({ alerts: firing }) => firing.length > 0)).toBe(
      there.some(({ alerts: firing }) => firing.length > 0),
    );
    for (const [index, atS] of times.entries())
      expect({ atS, ...here[index] }).toEqual({ atS, ...there[index] });
  });
});
