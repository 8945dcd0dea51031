import { durationMs } from '../../../../src/console/alerts/promql/lexer.js';
import { createEngine } from './rule-world.js';
import { samplesOf } from './series-notation.js';

/** What is asked: an expression at a time, in seconds since the first sample. */
export interface Question {
  readonly expr: string;
  readonly atS: number;
}

/** Labels with the name of the metric, and the value. */
export type AnsweredSample = readonly [labels: Readonly<Record<string, string>>, value: number];

export type Answer = readonly AnsweredSample[] | 'error';

export interface AskedWorld {
  readonly evaluation: string;
  readonly interval: string;
  readonly series: Readonly<Record<string, string>>;
}

/** What the evaluator gives. */
export function ask({ evaluation, interval, series }: AskedWorld, questions: readonly Question[]): Answer[] {
  const engine = createEngine([], {
    unreadMs: Number.MAX_SAFE_INTEGER,
    maxBytes: Number.POSITIVE_INFINITY,
  });
  // Promtool loads samples up to its last evaluation, and not those of the future.
  const stepMs = durationMs(evaluation);
  const lastMs = Math.floor((Math.max(...questions.map(({ atS }) => atS)) * 1_000) / stepMs) * stepMs;
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

/** Whether two answers are the same, but for the last digits of values and the order of series. */
export function agree(one: Answer, other: Answer): boolean {
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
