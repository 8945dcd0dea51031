import { describe, expect, test } from 'vitest';
import { AlertEngine } from '../../src/console/alerts/engine.js';
import { noTimers, stillClock } from '../console/alerts/support/replay.js';
import { samplesOf } from '../console/alerts/support/series-notation.js';
import { type Answer, type AnsweredSample, askPromtool, type Question } from './support/promtool-answers.js';
import { randomOf, randomSeries, vector } from './support/random-promql.js';

const interval = '15s';
const perWorld = 250;
/** `PROMQL_SEEDS=1000` tries so many worlds, from a seed that is printed where it fails. */
const worlds = Number(process.env.PROMQL_SEEDS ?? 8);
/** Promtool adds up in an order that differs from run to run. */
const tries = 4;

function ours(series: Readonly<Record<string, string>>, questions: readonly Question[]): Answer[] {
  const engine = new AlertEngine({
    groups: [],
    clock: stillClock,
    timers: noTimers,
    unreadMs: Number.MAX_SAFE_INTEGER,
    maxBytes: Number.POSITIVE_INFINITY,
  });
  // Promtool loads samples up to its last evaluation, and not those of the future.
  const lastMs = Math.floor(Math.max(...questions.map(({ atS }) => atS)) / 60) * 60_000;
  for (const { name, labels, timeMs, value } of samplesOf({ interval, series })) {
    if (timeMs > lastMs) break;
    if (value === 'stale') engine.store.markStale(name, labels, timeMs);
    else engine.store.append(name, labels, timeMs, value);
  }
  return questions.map(({ expr, atS }) => {
    try {
      return engine.query(expr, atS * 1_000).samples.map(({ labels, value }) => [labels, value] as const);
    } catch {
      return 'error';
    }
  });
}

const keyOf = (labels: Readonly<Record<string, string>>) =>
  JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));

function isAlike(a: number, b: number): boolean {
  if (Object.is(a, b) || a === b) return true;
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b), 1e-3);
}

function agree(one: Answer, other: Answer): boolean {
  if (one === 'error' || other === 'error') return one === other;
  const byKey = new Map(other.map(([labels, value]: AnsweredSample) => [keyOf(labels), value]));
  return (
    one.length === other.length &&
    byKey.size === other.length &&
    one.every(([labels, value]) => {
      const there = byKey.get(keyOf(labels));
      return there !== undefined && isAlike(value, there);
    })
  );
}

describe('the evaluator and promtool', () => {
  test.each(Array.from({ length: worlds }, (_, index) => index + Number(process.env.PROMQL_FROM ?? 1)))(
    'agree on random expressions over random series, seed %d',
    (seed) => {
      const random = randomOf(seed);
      const series = randomSeries(random);
      const questions = Array.from({ length: perWorld }, () => ({
        expr: vector(random, 1 + Math.floor(random() * 3)),
        atS: 5 * Math.floor(random() * 300),
      }));
      const here = ours(series, questions);
      let open = questions.map((_, index) => index);
      let there: Answer[] = [];
      for (let attempt = 0; attempt < tries && open.length > 0; attempt += 1) {
        const asked = open.map((index) => questions[index] as Question);
        // It loads samples up to the last time that is asked about.
        asked.push({ expr: 'vector(0)', atS: Math.max(...questions.map(({ atS }) => atS)) });
        const answers = askPromtool({ groups: [], evaluation: '1m', interval, series }, asked);
        there = open.map((_, at) => answers[at] as Answer);
        const left = open.filter((index, at) => !agree(here[index] as Answer, there[at] as Answer));
        there = there.filter((_, at) => left.includes(open[at] as number));
        open = left;
      }
      expect(
        open.slice(0, 5).map((index, at) => ({ ...questions[index], here: here[index], there: there[at] })),
      ).toEqual([]);
      const given = here.filter((answer) => answer !== 'error' && answer.length > 0).length;
      expect(given).toBeGreaterThan(perWorld / 4);
    },
  );
});
