import type { LabelSet } from '../label-set.js';
import type { Evaluation, MatrixPlan, Plan, VectorPlan } from './plan.js';
import type { Expr, RangeSelector, Subquery } from './syntax.js';
import type { Window } from './vector.js';

type Planner = (expr: Expr, evaluation: Evaluation, reachMs: number) => Plan;

/** The samples within a range: of stored series, or of an expression that is evaluated step by step. */
export function createRangePlan(
  expr: RangeSelector | Subquery,
  evaluation: Evaluation,
  reachMs: number,
  plan: Planner,
): MatrixPlan {
  return expr.kind === 'range'
    ? storedRange(expr, evaluation, reachMs)
    : subquery(expr, evaluation, reachMs, plan);
}

function storedRange(
  { selector: { matchers, offsetMs }, rangeMs }: RangeSelector,
  { watch }: Evaluation,
  reachMs: number,
): MatrixPlan {
  const list = watch(matchers, reachMs + rangeMs + Math.max(0, offsetMs));
  return {
    type: 'matrix',
    rangeMs,
    offsetMs,
    at(timeMs) {
      const endMs = timeMs - offsetMs;
      const windows: Window[] = [];
      for (const series of list.series) {
        // Both ends belong to the range; times are whole milliseconds.
        const from = series.indexAfter(endMs - rangeMs - 1);
        const to = series.indexAfter(endMs);
        if (to === from) continue;
        const { labels, times, values, lastDropMs } = series;
        windows.push({ labels, times, values, from, to, lastDropMs });
      }
      return windows;
    },
  };
}

function subquery(
  { expr, rangeMs, stepMs, offsetMs }: Subquery,
  evaluation: Evaluation,
  reachMs: number,
  plan: Planner,
): MatrixPlan {
  const inner = plan(expr, evaluation, reachMs + rangeMs + Math.max(0, offsetMs)) as VectorPlan;
  const step = stepMs === 0 ? evaluation.subqueryStepMs : stepMs;
  return {
    type: 'matrix',
    rangeMs,
    offsetMs,
    at(timeMs) {
      const endMs = timeMs - offsetMs;
      const columns = new Map<string, { labels: LabelSet; times: number[]; values: number[] }>();
      // Steps are multiples of the step, not of the range.
      for (let at = Math.ceil((endMs - rangeMs) / step) * step; at <= endMs; at += step) {
        for (const { labels, value } of inner.at(at)) {
          let column = columns.get(labels.key);
          if (column === undefined) {
            column = { labels, times: [], values: [] };
            columns.set(labels.key, column);
          }
          column.times.push(at);
          column.values.push(value);
        }
      }
      return [...columns.values()].map(({ labels, times, values }) => ({
        labels,
        times,
        values,
        from: 0,
        to: times.length,
        lastDropMs: Number.POSITIVE_INFINITY,
      }));
    },
  };
}
