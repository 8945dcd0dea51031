import type { LabelSet } from '../label-set.js';
import { metricNameOf } from '../matcher.js';
import type { StoredSeries } from '../stored-series.js';
import { type Evaluation, type MatrixPlan, type Plan, partSize, type VectorPlan } from './plan.js';
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
  const windowsOf = (series: readonly StoredSeries[], timeMs: number) => {
    const windows: Window[] = [];
    for (const one of series) {
      const window = windowOf(one, timeMs - offsetMs - rangeMs, timeMs - offsetMs);
      if (window !== undefined) windows.push(window);
    }
    return windows;
  };
  return {
    type: 'matrix',
    rangeMs,
    offsetMs,
    isNamed: metricNameOf(matchers) !== undefined,
    at: (timeMs) => windowsOf(list.series, timeMs),
    *parts(timeMs) {
      const series = [...list.series];
      for (let from = 0; from < series.length; from += partSize)
        yield windowsOf(series.slice(from, from + partSize), timeMs);
    },
  };
}

/** Both ends belong to the range; times are whole milliseconds. */
function windowOf(series: StoredSeries, startMs: number, endMs: number): Window | undefined {
  const from = series.indexAfter(startMs - 1);
  const to = series.indexAfter(endMs);
  if (to === from) return undefined;
  const { labels, times, values, lastDropMs } = series;
  return { labels, times, values, from, to, lastDropMs };
}

function subquery(
  { expr, rangeMs, stepMs, offsetMs }: Subquery,
  evaluation: Evaluation,
  reachMs: number,
  plan: Planner,
): MatrixPlan {
  const inner = plan(expr, evaluation, reachMs + rangeMs + Math.max(0, offsetMs)) as VectorPlan;
  const step = stepMs === 0 ? evaluation.subqueryStepMs : stepMs;
  const at = (timeMs: number): Window[] => {
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
  };
  return {
    type: 'matrix',
    rangeMs,
    offsetMs,
    isNamed: false,
    at,
    parts: (timeMs) => [at(timeMs)],
  };
}
