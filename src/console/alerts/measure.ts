import type { LabelSet } from './label-set.js';
import type { Evaluation, Plan } from './promql/plan.js';
import { createPlan } from './promql/planner.js';
import { PromqlError } from './promql/promql-error.js';
import { type Binary, type Expr, isComparison, isSetOperation } from './promql/syntax.js';

interface MeasuredValue {
  readonly labels: LabelSet;
  readonly value: number;
  /** What the rule compares it with; null where it compares it with nothing. */
  readonly limit: number | null;
}

/** What a rule measures: the left side of its comparison, whether it holds or not. */
export interface Measure {
  /** `>` and the like; undefined where the rule compares nothing. */
  readonly operator: string | undefined;
  at(timeMs: number): readonly MeasuredValue[];
}

/** @throws PromqlError where the expression gives no vector. */
export function createMeasure(expr: Expr, evaluation: Evaluation): Measure {
  const comparison = comparisonIn(expr);
  const value = createPlan(comparison?.left ?? expr, evaluation);
  const limit = comparison === undefined ? undefined : createPlan(comparison.right, evaluation);
  if (value.type !== 'vector') throw new PromqlError('the rule measures no vector');
  return {
    operator: comparison?.operator,
    at(timeMs) {
      const limitOf = limitsAt(limit, comparison, timeMs);
      return value
        .at(timeMs)
        .map(({ labels, value: own }) => ({ labels: labels.nameless, value: own, limit: limitOf(labels) }));
    },
  };
}

/** The leftmost: what follows by `and` says when it counts, and what follows by `or` is another way to see the same. */
function comparisonIn(expr: Expr): Binary | undefined {
  if (expr.kind !== 'binary') return undefined;
  if (isComparison(expr.operator)) return expr;
  return isSetOperation(expr.operator) ? comparisonIn(expr.left) : undefined;
}

function limitsAt(
  limit: Plan | undefined,
  comparison: Binary | undefined,
  timeMs: number,
): (labels: LabelSet) => number | null {
  if (limit?.type === 'scalar') {
    const one = limit.at(timeMs);
    return () => one;
  }
  if (limit?.type !== 'vector' || comparison === undefined) return () => null;
  const { isOn, labels: names } = comparison.matching;
  const keyOf = (labels: LabelSet) => labels.nameless.keyOf((name) => names.includes(name) === isOn);
  const limits = new Map(limit.at(timeMs).map(({ labels, value }) => [keyOf(labels), value] as const));
  return (labels) => limits.get(keyOf(labels)) ?? null;
}
