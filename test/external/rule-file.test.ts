import { describe, expect, test } from 'vitest';
import { AlertEngine } from '../../src/console/alerts/engine.js';
import { readRuleFile } from '../../src/console/alerts/rule-file.js';
import type { Answer } from '../console/alerts/support/answers.js';
import { noTimers, stillClock } from '../console/alerts/support/replay.js';
import { samplesOf } from '../console/alerts/support/series-notation.js';
import { type AnsweredAlert, askAlerts, askPromtool } from './support/promtool-answers.js';
import { randomOf } from './support/random-promql.js';

const evaluation = '30s';
const stepS = 30;
const endS = 30 * 60;
const written = '{__name__=~"ALERTS|ALERTS_FOR_STATE|recorded"}';

/** Annotations that try every function, with texts and numbers as they come. */
const annotations = {
  plain: 'no template',
  value: '{{ $value }} {{ .Value }} {{ printf "%.3f %8.2f|%-9.1e|%+g" $value $value $value $value }}',
  humanized:
    '{{ humanize $value }} {{ humanize1024 $value }} {{ $value | humanizeDuration }} {{ $value | humanizePercentage }}',
  time: '{{ $value | humanizeTimestamp }}',
  labels:
    '{{ $labels }} {{ $labels.instance }} {{ $labels.none }}| {{- .Labels.job -}} |{{ len $labels.instance }}',
  texts:
    '{{ $labels.instance | stripPort | toUpper }} {{ stripDomain $labels.instance }} {{ title "two words" }} {{ reReplaceAll "(h)ost" "<$1>" $labels.instance }}',
  choice:
    '{{ if gt $value 100.0 }}high{{ else if and (le $value 100.0) (ge $value 1.0) }}medium{{ else }}low{{ end }} {{ if match "^host" $labels.instance }}host{{ end }} {{ eq $labels.job "a" }} {{ not true }} {{ or "" "x" }}',
};

function ruleFile(random: () => number): string {
  const pick = (...choices: readonly string[]) => choices[Math.floor(random() * choices.length)];
  const alert = (index: number) => ({
    alert: `Alert${index}`,
    expr: `${pick('g', 'g offset 1m', 'max by (instance, job) (g)', 'recorded')} ${pick('> 0', '>= 100', '!= 1', '< 1')}`,
    for: pick('0s', '30s', '1m', '90s', '2m'),
    keep_firing_for: pick('0s', '0s', '30s', '1m', '3m'),
    labels: { severity: 'page', size: '{{ if gt $value 100.0 }}large{{ else }}small{{ end }}' },
    annotations,
  });
  return JSON.stringify({
    groups: [
      {
        name: 'random',
        interval: evaluation,
        rules: [
          { record: 'recorded', expr: `g * ${pick('1', '2', '0.5')}`, labels: { by: 'rule' } },
          ...Array.from({ length: 5 }, (_, index) => alert(index)),
        ],
      },
    ],
  });
}

function randomSeries(random: () => number): Record<string, string> {
  const values = ['0', '1', '0.5', '1234567', '0.00001234', '99.5', '100', '-3', '3661.5', '90.625', 'stale'];
  const gauge = () => {
    const parts: string[] = [];
    for (let length = 0; length < 60; ) {
      const times = Math.floor(random() * 6);
      length += times + 1;
      const value = values[Math.floor(random() * values.length)] as string;
      parts.push(random() < 0.1 ? `_x${times + 10}` : value === 'stale' ? value : `${value}x${times}`);
    }
    return parts.join(' ');
  };
  return Object.fromEntries(
    ['host-a.example.org:8080', 'host-b', '10.0.0.1:80'].map((instance) => [
      `g{instance="${instance}",job="a"}`,
      gauge(),
    ]),
  );
}

const text = (labels: Readonly<Record<string, string>>) =>
  JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
const samplesText = (answer: Answer) =>
  answer === 'error' ? ['error'] : answer.map(([labels, value]) => `${text(labels)} ${value}`).sort();
const alertsText = (alerts: readonly AnsweredAlert[]) =>
  alerts.map(({ labels, annotations: own }) => `${text(labels)} ${text(own)}`).sort();

describe('a rule file of the user', () => {
  test.each(Array.from({ length: Number(process.env.PROMQL_SEEDS ?? 6) }, (_, index) => index + 1))(
    'gives the same alerts at the same times with the same texts as in Prometheus, seed %d',
    async (seed) => {
      const random = randomOf(seed);
      const rules = ruleFile(random);
      const series = randomSeries(random);
      const engine = new AlertEngine({
        groups: readRuleFile(rules),
        clock: stillClock,
        timers: noTimers,
        unreadMs: Number.MAX_SAFE_INTEGER,
      });
      const samples = samplesOf({ interval: evaluation, series });
      const times = Array.from({ length: endS / stepS + 1 }, (_, index) => index * stepS);
      const here: { samples: string[]; alerts: string[] }[] = [];
      let next = 0;
      for (const atS of times) {
        for (let one = samples[next]; one !== undefined && one.timeMs <= atS * 1_000; one = samples[next]) {
          next += 1;
          if (one.value === 'stale') engine.store.markStale(one.name, one.labels, one.timeMs);
          else engine.store.append(one.name, one.labels, one.timeMs, one.value);
        }
        await engine.evaluateDue(atS * 1_000);
        const found = engine.query(written, atS * 1_000).samples;
        here.push({
          samples: samplesText(found.map(({ labels, value }) => [labels, value] as const)),
          alerts: alertsText(engine.alerts().filter(({ state }) => state === 'firing')),
        });
      }
      const names = Array.from({ length: 5 }, (_, index) => `Alert${index}`);
      const world = { groups: rules, evaluation, interval: evaluation, series };
      const answers = askPromtool(
        world,
        times.map((atS) => ({ expr: written, atS })),
      );
      const alerts = askAlerts(world, names, times);
      expect(here.flatMap(({ alerts: firing }) => firing).length).toBeGreaterThan(10);
      for (const [index, atS] of times.entries())
        expect({ atS, ...here[index] }).toEqual({
          atS,
          samples: samplesText(answers[index] as Answer),
          alerts: alertsText(alerts.get(atS) ?? []),
        });
    },
  );
});
