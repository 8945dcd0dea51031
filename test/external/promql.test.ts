import { describe, expect, test } from 'vitest';
import { type Answer, agree, ask, type Question } from '../console/alerts/support/answers.js';
import {
  answerOf,
  type KeptAnswer,
  readKeptAnswers,
  writeKeptAnswers,
} from '../console/alerts/support/kept-answers.js';
import { askPromtool } from './support/promtool-answers.js';
import { randomOf, randomSeries, vector } from './support/random-promql.js';

const times = { evaluation: '1m', interval: '15s' } as const;
const perWorld = 250;
/** `PROMQL_SEEDS=1000` tries so many worlds, from a seed that is printed where it fails. */
const worlds = Number(process.env.PROMQL_SEEDS ?? 8);
/** Promtool adds up in an order that differs from run to run. */
const tries = 4;

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
      const here = ask({ ...times, series }, questions);
      let open = questions.map((_, index) => index);
      let there: Answer[] = [];
      for (let attempt = 0; attempt < tries && open.length > 0; attempt += 1) {
        const asked = open.map((index) => questions[index] as Question);
        // It loads samples up to the last time that is asked about.
        asked.push({ expr: 'vector(0)', atS: Math.max(...questions.map(({ atS }) => atS)) });
        const answers = askPromtool({ groups: [], ...times, series }, asked);
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

  /** Answers that the evaluator is compared with where there is no promtool. `PROMQL_WRITE=1` asks for them anew. */
  test('agree on the answers that are kept', () => {
    const random = randomOf(2_026);
    const series = randomSeries(random);
    const questions = Array.from({ length: 500 }, () => ({
      expr: vector(random, 1 + Math.floor(random() * 2)),
      atS: 15 * Math.floor(random() * 80),
    }));
    const answers = askPromtool({ groups: [], ...times, series }, questions);
    const kept = questions.flatMap((question, index): KeptAnswer[] => {
      const answer = answers[index] as Answer;
      if (answer === 'error') return index % 4 === 0 ? [{ ...question, gives: answer }] : [];
      if (answer.length === 0 || answer.length > 6) return [];
      return [{ ...question, gives: answer.map(([labels, value]) => [labels, String(value)] as const) }];
    });
    if (process.env.PROMQL_WRITE !== undefined) writeKeptAnswers(series, kept);
    const there = readKeptAnswers().answers;
    const asked = (all: readonly KeptAnswer[]) => all.map(({ expr, atS }) => `${expr} ${atS}`);
    expect(asked(there)).toEqual(asked(kept));
    expect(there.filter((one, index) => !agree(answerOf(one), answerOf(kept[index] as KeptAnswer)))).toEqual(
      [],
    );
  });
});
