import { describe, expect, test } from 'vitest';
import { type Answer, agree, ask } from '../support/answers.js';
import { answerOf, readKeptAnswers } from '../support/kept-answers.js';

describe('the evaluator', () => {
  // test/external/promql.test.ts looks whether promtool still gives them.
  test('gives what promtool gave', () => {
    const { series, answers } = readKeptAnswers();
    // The last question is when promtool stopped loading samples.
    const last = { expr: 'vector(0)', atS: 15 * 79 };
    const here = ask({ evaluation: '1m', interval: '15s', series }, [...answers, last]);
    const wrong = answers.filter((kept, index) => !agree(here[index] as Answer, answerOf(kept)));
    expect(wrong).toEqual([]);
    expect(answers.length).toBeGreaterThan(100);
  });
});
