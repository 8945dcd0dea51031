import { LabelProjection } from '../label-projection.js';
import type { LabelSet } from '../label-set.js';
import { PromqlError } from './promql-error.js';
import { type Binary, type BinaryOperator, isComparison, type Matching } from './syntax.js';
import { distinct, type Sample, type Vector } from './vector.js';

/** What two numbers give; for a comparison 1 or 0. */
export function calculate(operator: BinaryOperator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
    case '^':
      return power(left, right);
    case 'atan2':
      return Math.atan2(left, right);
    default:
      return compares(operator, left, right) ? 1 : 0;
  }
}

/** As Go's math.Pow: 1 to whatever power is 1, and so is -1 to an infinite one. */
function power(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Number.POSITIVE_INFINITY)) return 1;
  return base ** exponent;
}

function compares(operator: BinaryOperator, left: number, right: number): boolean {
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '>':
      return left > right;
    case '<':
      return left < right;
    case '>=':
      return left >= right;
    default:
      return left <= right;
  }
}

/** Arithmetic makes another metric; a comparison leaves it what it is. `atan2` keeps the name in Prometheus 2.42. */
const dropsName = ({ operator, isBool }: Binary): boolean =>
  isBool || (!isComparison(operator) && operator !== 'atan2');

/** A vector and a scalar, on whichever side. A comparison gives the samples for which it holds, with `bool` 1 or 0 for each. */
export function withScalar(binary: Binary, vector: Vector, scalar: number, isScalarLeft: boolean): Vector {
  const { operator, isBool } = binary;
  const isFilter = isComparison(operator) && !isBool;
  const result: Sample[] = [];
  for (const { labels, value } of vector) {
    const made = isScalarLeft ? calculate(operator, scalar, value) : calculate(operator, value, scalar);
    if (isFilter && made === 0) continue;
    result.push({ labels: dropsName(binary) ? labels.nameless : labels, value: isFilter ? value : made });
  }
  return distinct(result);
}

/** What two vectors give. Label sets that it has seen before cost no text. */
export function createVectorOperation(binary: Binary): (left: Vector, right: Vector) => Vector {
  const { operator, matching } = binary;
  const parts = matching.isOn
    ? LabelProjection.onto(matching.labels)
    : LabelProjection.without(matching.labels);
  const partsIn = (vector: Vector) => new Set(vector.map(({ labels }) => parts.of(labels)));
  switch (operator) {
    case 'and':
      return (left, right) => {
        const there = partsIn(right);
        return left.filter(({ labels }) => there.has(parts.of(labels)));
      };
    case 'unless':
      return (left, right) => {
        const there = partsIn(right);
        return left.filter(({ labels }) => !there.has(parts.of(labels)));
      };
    case 'or':
      return (left, right) => {
        const there = partsIn(left);
        return distinct([...left, ...right.filter(({ labels }) => !there.has(parts.of(labels)))]);
      };
    default:
      return createJoin(binary, parts);
  }
}

function createJoin(binary: Binary, parts: LabelProjection): (left: Vector, right: Vector) => Vector {
  const { operator, isBool, matching } = binary;
  const isSwapped = matching.many === 'right';
  const isFilter = isComparison(operator) && !isBool;
  const labelsOf = createResultLabels(binary);
  return (left, right) => {
    if (left.length === 0 || right.length === 0) return [];
    const [many, one] = isSwapped ? [right, left] : [left, right];
    const byPart = uniqueByPart(one, parts, isSwapped ? 'left' : 'right', matching);
    const matched = new Map<LabelSet, Set<string>>();
    const result: Sample[] = [];
    for (const sample of many) {
      const part = parts.of(sample.labels);
      const other = byPart.get(part);
      if (other === undefined) continue;
      const [first, second] = isSwapped ? [other.value, sample.value] : [sample.value, other.value];
      const value = calculate(operator, first, second);
      if (isFilter && value === 0) continue;
      const labels = labelsOf(sample.labels, other.labels);
      noteMatch(matched, part, labels, matching);
      result.push({ labels, value: isFilter ? first : value });
    }
    return distinct(result);
  };
}

function uniqueByPart(
  one: Vector,
  parts: LabelProjection,
  side: 'left' | 'right',
  matching: Matching,
): Map<LabelSet, Sample> {
  const byPart = new Map<LabelSet, Sample>();
  for (const sample of one) {
    const part = parts.of(sample.labels);
    if (byPart.has(part))
      throw new PromqlError(
        `found duplicate series for the match group ${JSON.stringify(part.toLabels())} on the ${side} hand-side of the operation: many-to-many matching not allowed: matching labels must be unique on one side${matching.many === undefined ? '' : ' (the one without group)'}`,
      );
    byPart.set(part, sample);
  }
  return byPart;
}

/** @throws PromqlError where a match is there already, and must not be. */
function noteMatch(
  matched: Map<LabelSet, Set<string>>,
  part: LabelSet,
  labels: LabelSet,
  { many }: Matching,
): void {
  const made = matched.get(part);
  if (made === undefined) {
    matched.set(part, new Set([labels.key]));
    return;
  }
  if (many === undefined)
    throw new PromqlError(
      'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
    );
  if (made.has(labels.key))
    throw new PromqlError('multiple matches for labels: grouping labels must ensure unique matches');
  made.add(labels.key);
}

/** The labels of a result: those that match where each side has one, else those of the side with many, and what is taken from the other. */
function createResultLabels(binary: Binary): (many: LabelSet, one: LabelSet) => LabelSet {
  const { matching } = binary;
  const isNameless = dropsName(binary);
  if (matching.many === undefined) {
    const kept = matching.isOn
      ? LabelProjection.onto(matching.labels)
      : LabelProjection.without(matching.labels, true);
    return (many) => (isNameless ? kept.of(many).nameless : kept.of(many));
  }
  const known = new WeakMap<LabelSet, WeakMap<LabelSet, LabelSet>>();
  return (many, one) => {
    let ofMany = known.get(many);
    if (ofMany === undefined) {
      ofMany = new WeakMap();
      known.set(many, ofMany);
    }
    let labels = ofMany.get(one);
    if (labels === undefined) {
      const taken = Object.fromEntries(matching.include.map((name) => [name, one.get(name)]));
      labels = (isNameless ? many.nameless : many).with(taken);
      ofMany.set(one, labels);
    }
    return labels;
  };
}
