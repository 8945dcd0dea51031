import type { LabelSet } from '../label-set.js';
import type { StoredSeries } from '../stored-series.js';
import { createAggregation } from './aggregation.js';
import { calculate, createVectorOperation, withScalar } from './binary-operation.js';
import { createCall } from './call.js';
import {
  type Evaluation,
  nothingToPrepare,
  type Plan,
  partSize,
  prepareAll,
  type ScalarPlan,
  type VectorPlan,
} from './plan.js';
import { createRangePlan } from './range-plan.js';
import type { Aggregation, Binary, Expr, Negation, Selector } from './syntax.js';
import { distinct, type Vector } from './vector.js';

/** `reachMs`: how much further back than its own ranges the expression is evaluated, for it stands in a subquery. */
export function createPlan(expr: Expr, evaluation: Evaluation, reachMs = 0): Plan {
  switch (expr.kind) {
    case 'number':
      return { type: 'scalar', prepare: nothingToPrepare, at: () => expr.value };
    case 'string':
      return { type: 'string', value: expr.value };
    case 'selector':
      return selectorPlan(expr, evaluation, reachMs);
    case 'range':
    case 'subquery':
      return createRangePlan(expr, evaluation, reachMs, createPlan);
    case 'call':
      return createCall(expr, (arg) => createPlan(arg, evaluation, reachMs));
    case 'aggregation':
      return aggregationPlan(expr, evaluation, reachMs);
    case 'binary':
      return binaryPlan(expr, evaluation, reachMs);
    case 'negation':
      return negationPlan(expr, evaluation, reachMs);
  }
}

function selectorPlan(
  { matchers, offsetMs }: Selector,
  { watch, lookBackMs }: Evaluation,
  reachMs: number,
): VectorPlan {
  const list = watch(matchers, reachMs + lookBackMs + Math.max(0, offsetMs));
  const each = (timeMs: number, visit: (series: StoredSeries, index: number) => void) => {
    for (const series of list.series) {
      const index = series.indexAt(timeMs - offsetMs, lookBackMs);
      if (index !== -1) visit(series, index);
    }
  };
  return {
    type: 'vector',
    prepare: nothingToPrepare,
    at(timeMs) {
      const vector: { labels: LabelSet; value: number }[] = [];
      each(timeMs, ({ labels, values }, index) => vector.push({ labels, value: values[index] as number }));
      return vector;
    },
    timesAt(timeMs) {
      const times: number[] = [];
      each(timeMs, (series, index) => times.push(series.times[index] as number));
      return times;
    },
  };
}

function aggregationPlan(expr: Aggregation, evaluation: Evaluation, reachMs: number): VectorPlan {
  const aggregate = createAggregation(expr);
  const inner = createPlan(expr.expr, evaluation, reachMs) as VectorPlan;
  const parameter =
    expr.parameter === undefined ? undefined : createPlan(expr.parameter, evaluation, reachMs);
  const prepareParts = prepareAll(parameter === undefined ? [inner] : [inner, parameter]);
  let ready: { readonly timeMs: number; readonly vector: Vector } | undefined;
  return {
    type: 'vector',
    *prepare(timeMs) {
      yield* prepareParts(timeMs);
      const vector = inner.at(timeMs);
      for (let from = 0; from < vector.length; from += partSize) {
        aggregate.meet(vector.slice(from, from + partSize));
        yield;
      }
      ready = { timeMs, vector };
    },
    at(timeMs) {
      const vector = ready?.timeMs === timeMs ? ready.vector : inner.at(timeMs);
      ready = undefined;
      return aggregate.of(vector, parameter?.type === 'scalar' ? parameter.at(timeMs) : Number.NaN);
    },
  };
}

function binaryPlan(expr: Binary, evaluation: Evaluation, reachMs: number): ScalarPlan | VectorPlan {
  const left = createPlan(expr.left, evaluation, reachMs) as ScalarPlan | VectorPlan;
  const right = createPlan(expr.right, evaluation, reachMs) as ScalarPlan | VectorPlan;
  const prepare = prepareAll([left, right]);
  if (left.type === 'scalar') {
    if (right.type === 'scalar')
      return {
        type: 'scalar',
        prepare,
        at: (timeMs) => calculate(expr.operator, left.at(timeMs), right.at(timeMs)),
      };
    return {
      type: 'vector',
      prepare,
      at: (timeMs) => withScalar(expr, right.at(timeMs), left.at(timeMs), true),
    };
  }
  if (right.type === 'scalar')
    return {
      type: 'vector',
      prepare,
      at: (timeMs) => withScalar(expr, left.at(timeMs), right.at(timeMs), false),
    };
  const combine = createVectorOperation(expr);
  return { type: 'vector', prepare, at: (timeMs) => combine(left.at(timeMs), right.at(timeMs)) };
}

function negationPlan({ expr }: Negation, evaluation: Evaluation, reachMs: number): ScalarPlan | VectorPlan {
  const inner = createPlan(expr, evaluation, reachMs) as ScalarPlan | VectorPlan;
  const { prepare } = inner;
  if (inner.type === 'scalar') return { type: 'scalar', prepare, at: (timeMs) => -inner.at(timeMs) };
  return {
    type: 'vector',
    prepare,
    at: (timeMs) =>
      distinct(inner.at(timeMs).map(({ labels, value }) => ({ labels: labels.nameless, value: -value }))),
  };
}
