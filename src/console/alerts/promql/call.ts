import { LabelSet, METRIC_NAME } from '../label-set.js';
import type { Matcher } from '../matcher.js';
import { createHistogramQuantile } from './histogram-quantile.js';
import { mapped, numericFunctions, sorted, timeFunctions, valueFunctions } from './instant-functions.js';
import { createLabelJoin, createLabelReplace, relabelled } from './label-functions.js';
import {
  type MatrixPlan,
  nothingToPrepare,
  type Plan,
  prepareAll,
  type ScalarPlan,
  type VectorPlan,
} from './plan.js';
import { type RangeFunction, rangeFunctions } from './range-functions.js';
import type { Call, Expr } from './syntax.js';
import { distinct, type Sample, type Vector, type Window } from './vector.js';

const one = (value: number): Sample => ({ labels: LabelSet.empty, value });
const vectorPlan = (at: (timeMs: number) => Vector): VectorPlan => ({
  type: 'vector',
  prepare: nothingToPrepare,
  at: (timeMs) => distinct(at(timeMs)),
});

/** A call of a function, with the plans of its arguments; their types have been checked. */
export function createCall(call: Call, plan: (arg: Expr) => Plan): ScalarPlan | VectorPlan {
  const args = call.args.map(plan);
  const matrix = args.find((arg): arg is MatrixPlan => arg.type === 'matrix');
  const scalar = args.find((arg): arg is ScalarPlan => arg.type === 'scalar');
  if (matrix !== undefined && call.name !== 'absent_over_time') return rangeCall(call.name, matrix, scalar);
  return { ...instantCall(call, args, matrix), prepare: prepareAll(args) };
}

function instantCall(
  call: Call,
  args: readonly Plan[],
  matrix: MatrixPlan | undefined,
): ScalarPlan | VectorPlan {
  const { name } = call;
  const vector = args.find((arg): arg is VectorPlan => arg.type === 'vector');
  const scalars = args.filter((arg): arg is ScalarPlan => arg.type === 'scalar');
  const strings = args.flatMap((arg) => (arg.type === 'string' ? [arg.value] : []));
  if (matrix !== undefined)
    return vectorPlan((at) =>
      matrix.at(at).length > 0 ? [] : [{ labels: absentLabels(call.args[0]), value: 1 }],
    );
  const valueFunction = valueFunctions[name];
  if (vector === undefined) return withoutVector(name, scalars);
  if (valueFunction !== undefined) return vectorPlan((at) => mapped(vector.at(at), valueFunction));
  const timeFunction = timeFunctions[name];
  if (timeFunction !== undefined) return vectorPlan((at) => mapped(vector.at(at), timeFunction));
  const numeric = numericFunctions[name];
  if (numeric !== undefined) return numericCall(name, numeric, vector, scalars);
  switch (name) {
    case 'absent':
      return vectorPlan((at) =>
        vector.at(at).length > 0 ? [] : [{ labels: absentLabels(call.args[0]), value: 1 }],
      );
    case 'histogram_quantile': {
      const quantile = createHistogramQuantile();
      const q = scalars[0] as ScalarPlan;
      return vectorPlan((at) => quantile(q.at(at), vector.at(at)));
    }
    case 'label_replace': {
      const [to = '', replacement = '', from = '', pattern = ''] = strings;
      const relabel = relabelled(createLabelReplace(to, replacement, from, pattern));
      return vectorPlan((at) => relabel(vector.at(at)));
    }
    case 'label_join': {
      const [to = '', separator = '', ...from] = strings;
      const relabel = relabelled(createLabelJoin(to, separator, from));
      return vectorPlan((at) => relabel(vector.at(at)));
    }
    case 'scalar':
      return {
        type: 'scalar',
        prepare: nothingToPrepare,
        at(timeMs) {
          const samples = vector.at(timeMs);
          return samples.length === 1 ? (samples[0] as Sample).value : Number.NaN;
        },
      };
    case 'timestamp':
      return vectorPlan((at) => timestamps(vector, at));
    default:
      return vectorPlan((at) => sorted(vector.at(at), name === 'sort_desc'));
  }
}

/** `time()`, `pi()`, `vector()`, and the parts of now. */
function withoutVector(name: string, [scalar]: readonly ScalarPlan[]): ScalarPlan | VectorPlan {
  if (name === 'time') return { type: 'scalar', prepare: nothingToPrepare, at: (timeMs) => timeMs / 1_000 };
  if (name === 'pi') return { type: 'scalar', prepare: nothingToPrepare, at: () => Math.PI };
  const part = timeFunctions[name];
  if (part !== undefined) return vectorPlan((timeMs) => [one(part(timeMs / 1_000))]);
  const given = scalar as ScalarPlan;
  return vectorPlan((timeMs) => [one(given.at(timeMs))]);
}

function numericCall(
  name: string,
  change: (value: number, parameters: readonly number[]) => number,
  vector: VectorPlan,
  scalars: readonly ScalarPlan[],
): VectorPlan {
  return vectorPlan((timeMs) => {
    const parameters = scalars.map((scalar) => scalar.at(timeMs));
    const [min = 0, max = 0] = parameters;
    if (name === 'clamp' && max < min) return [];
    return mapped(vector.at(timeMs), (value) => change(value, parameters));
  });
}

function timestamps(vector: VectorPlan, timeMs: number): Vector {
  const times = vector.timesAt?.(timeMs);
  return vector
    .at(timeMs)
    .map(({ labels }, index) => ({ labels: labels.nameless, value: (times?.[index] ?? timeMs) / 1_000 }));
}

function rangeCall(name: string, matrix: MatrixPlan, scalar: ScalarPlan | undefined): VectorPlan {
  const reduce = rangeFunctions[name] as RangeFunction;
  const { rangeMs, offsetMs, isNamed } = matrix;
  // What it was last is still the same metric.
  const keepsName = name === 'last_over_time';
  let ready: { readonly timeMs: number; readonly vector: Vector } | undefined;
  const reduced = (windows: readonly Window[], timeMs: number, into: Sample[]) => {
    const parameter = scalar === undefined ? Number.NaN : scalar.at(timeMs);
    const endMs = timeMs - offsetMs;
    const range = { atMs: timeMs, startMs: endMs - rangeMs, endMs, rangeMs, parameter };
    for (const window of windows) {
      const value = reduce(window, range);
      const { labels } = window;
      if (value !== undefined) into.push({ labels: keepsName ? labels : labels.nameless, value });
    }
    return into;
  };
  return {
    type: 'vector',
    *prepare(timeMs) {
      const vector: Sample[] = [];
      for (const windows of matrix.parts(timeMs)) {
        reduced(windows, timeMs, vector);
        yield;
      }
      ready = { timeMs, vector };
    },
    at(timeMs) {
      const vector = ready?.timeMs === timeMs ? ready.vector : reduced(matrix.at(timeMs), timeMs, []);
      ready = undefined;
      return isNamed ? vector : distinct(vector);
    },
  };
}

/** The labels that a selector names exactly: those of what is absent. A label that it names twice is not among them. */
function absentLabels(arg: Expr | undefined): LabelSet {
  let matchers: readonly Matcher[] = [];
  if (arg?.kind === 'selector') matchers = arg.matchers;
  if (arg?.kind === 'range') matchers = arg.selector.matchers;
  const labels: Record<string, string> = {};
  const seen = new Set<string>();
  for (const { name, operator, value } of matchers) {
    if (name === METRIC_NAME) continue;
    if (operator === '=' && !seen.has(name)) {
      labels[name] = value;
      seen.add(name);
    } else delete labels[name];
  }
  return LabelSet.of(labels);
}
