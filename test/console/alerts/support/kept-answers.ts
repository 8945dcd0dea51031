import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer, Question } from './answers.js';

/** An answer of promtool 2.42 in JSON, which knows neither NaN nor infinity. */
export interface KeptAnswer extends Question {
  readonly gives: readonly (readonly [labels: Readonly<Record<string, string>>, value: string])[] | 'error';
}

const file = join(__dirname, '../promql/answers.jsonl');

export const answerOf = ({ gives }: KeptAnswer): Answer =>
  gives === 'error' ? gives : gives.map(([labels, value]) => [labels, Number(value)] as const);

/** The series on the first line, an answer on each of the others. */
export function readKeptAnswers(): {
  readonly series: Readonly<Record<string, string>>;
  readonly answers: readonly KeptAnswer[];
} {
  const [series, ...answers] = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { series, answers };
}

export function writeKeptAnswers(
  series: Readonly<Record<string, string>>,
  answers: readonly KeptAnswer[],
): void {
  writeFileSync(file, [series, ...answers].map((one) => `${JSON.stringify(one)}\n`).join(''));
}
