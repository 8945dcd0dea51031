import { LabelProjection } from '../label-projection.js';
import type { LabelSet } from '../label-set.js';
import { formatFloat } from './number-format.js';
import { PromqlError } from './promql-error.js';
import { byValue, keepsInfiniteMean, quantileOf } from './statistics.js';
import type { Aggregation, Aggregator } from './syntax.js';
import { distinct, type Sample, type Vector } from './vector.js';

/** What an aggregation makes of the values of one group, of which there is at least one. */
type Reduce = (values: readonly number[], parameter: number) => number;

/** Values in the order of their series: floating-point sums depend on it. */
const reducers: Readonly<Record<Exclude<Aggregator, 'topk' | 'bottomk' | 'count_values'>, Reduce>> = {
  sum: (values) => {
    let sum = values[0] as number;
    for (let index = 1; index < values.length; index += 1) sum += values[index] as number;
    return sum;
  },
  avg: (values) => {
    let mean = values[0] as number;
    for (let index = 1; index < values.length; index += 1) {
      const value = values[index] as number;
      const count = index + 1;
      if (!keepsInfiniteMean(mean, value)) mean += value / count - mean / count;
    }
    return mean;
  },
  count: (values) => values.length,
  min: (values) => values.reduce((best, value) => (best > value || Number.isNaN(best) ? value : best)),
  max: (values) => values.reduce((best, value) => (best < value || Number.isNaN(best) ? value : best)),
  group: () => 1,
  stddev: (values) => Math.sqrt(variance(values)),
  stdvar: variance,
  quantile: (values, q) => quantileOf(q, values),
};

function variance(values: readonly number[]): number {
  let mean = values[0] as number;
  let squares = 0;
  for (let index = 1; index < values.length; index += 1) {
    const value = values[index] as number;
    const delta = value - mean;
    mean += delta / (index + 1);
    squares += delta * (value - mean);
  }
  return squares / values.length;
}

/** Aggregates vectors; label sets that it has met before cost no text. */
export interface Aggregate {
  of(vector: Vector, parameter: number): Sample[];
  /** Looks at label sets beforehand. */
  meet(vector: Vector): void;
}

export function createAggregation(aggregation: Aggregation): Aggregate {
  const parts = projectionOf(aggregation);
  return {
    of: aggregateOf(aggregation, parts),
    meet(vector) {
      for (const { labels } of vector) parts.of(labels);
    },
  };
}

/** What is counted stands in this label, whatever stood there before. */
function countedLabel({ operator, parameter }: Aggregation): string | undefined {
  return operator === 'count_values' && parameter?.kind === 'string' ? parameter.value : undefined;
}

function projectionOf(aggregation: Aggregation): LabelProjection {
  const { isWithout, labels } = aggregation;
  const counted = countedLabel(aggregation);
  if (isWithout) return LabelProjection.without(counted === undefined ? labels : [...labels, counted]);
  return LabelProjection.onto(labels.filter((name) => name !== counted));
}

function aggregateOf(aggregation: Aggregation, parts: LabelProjection): Aggregate['of'] {
  const { operator } = aggregation;
  if (operator === 'count_values') {
    const label = countedLabel(aggregation) ?? '';
    return (vector) => countValues(grouped(vector, parts, numberOf), label);
  }
  if (operator === 'topk' || operator === 'bottomk') {
    return (vector, parameter) => {
      const count = wholeNumber(parameter);
      if (count < 1) return [];
      const groups = [...grouped(vector, parts, (sample) => sample).values()];
      return groups.flatMap((samples) => best(samples, count, operator === 'topk'));
    };
  }
  const reduce = reducers[operator];
  return (vector, parameter) =>
    [...grouped(vector, parts, numberOf)].map(([part, values]) => ({
      labels: part,
      value: reduce(values, parameter),
    }));
}

const numberOf = ({ value }: Sample): number => value;

function grouped<T>(vector: Vector, parts: LabelProjection, of: (sample: Sample) => T): Map<LabelSet, T[]> {
  const groups = new Map<LabelSet, T[]>();
  for (const sample of vector) {
    const part = parts.of(sample.labels);
    const group = groups.get(part);
    if (group === undefined) groups.set(part, [of(sample)]);
    else group.push(of(sample));
  }
  return groups;
}

function wholeNumber(value: number): number {
  if (!(Math.abs(value) < 2 ** 63)) throw new PromqlError(`Scalar value ${value} overflows int64`);
  return Math.trunc(value);
}

/** NaN is never among the best while there is a number. */
function best(samples: readonly Sample[], count: number, isTop: boolean): Sample[] {
  const ordered = [...samples].sort((a, b) => {
    if (Number.isNaN(a.value) || Number.isNaN(b.value)) return byValue(b.value, a.value);
    return isTop ? byValue(b.value, a.value) : byValue(a.value, b.value);
  });
  return ordered.slice(0, count);
}

function countValues(groups: ReadonlyMap<LabelSet, readonly number[]>, label: string): Sample[] {
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label))
    throw new PromqlError(`invalid label name ${JSON.stringify(label)}`);
  const result: Sample[] = [];
  for (const [part, values] of groups) {
    const counts = new Map<string, number>();
    for (const value of values) {
      const text = formatFloat(value);
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    for (const [text, count] of counts) result.push({ labels: part.with({ [label]: text }), value: count });
  }
  return [...distinct(result)];
}
