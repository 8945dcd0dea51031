import type { Matcher } from '../matcher.js';
import type { StoredSeries } from '../stored-series.js';
import type { Vector, Window } from './vector.js';

/** The series that a selector matches; it grows and shrinks as they come and go. */
export interface SeriesList {
  readonly series: readonly StoredSeries[];
}

/** Where an expression finds series, and by which rules. */
export interface Evaluation {
  /** Series that match; `horizonMs`: how far back their samples are asked for. */
  watch(matchers: readonly Matcher[], horizonMs: number): SeriesList;
  /** How old a sample may be and still hold, in milliseconds: five minutes in Prometheus. */
  readonly lookBackMs: number;
  /** Time between the evaluations of a subquery that names none, in milliseconds: a minute in Prometheus. */
  readonly subqueryStepMs: number;
}

/** Series that are looked at before something else may run. */
export const partSize = 250;

/** Something that can be done in parts. */
interface Preparable {
  /** Does what takes long for one time beforehand, a part at each step, so that `at` with the same time has it. */
  readonly prepare: (timeMs: number) => Iterable<void>;
}

export interface ScalarPlan extends Preparable {
  readonly type: 'scalar';
  at(timeMs: number): number;
}
export interface VectorPlan extends Preparable {
  readonly type: 'vector';
  at(timeMs: number): Vector;
  /** When each sample was taken, in the order of `at`; for a selector alone, as it is the only one that knows. */
  readonly timesAt?: (timeMs: number) => readonly number[];
}
export interface MatrixPlan {
  readonly type: 'matrix';
  /** The samples of each series that has any within the range. */
  at(timeMs: number): readonly Window[];
  /** The same, a part at each step. */
  parts(timeMs: number): Iterable<readonly Window[]>;
  /** Whether no two series are alike when they lose the name of the metric. */
  readonly isNamed: boolean;
  readonly rangeMs: number;
  readonly offsetMs: number;
}
interface StringPlan {
  readonly type: 'string';
  readonly value: string;
}

/** An expression that is ready to be evaluated again and again: what can be looked up beforehand is, and what it learns of labels stays. */
export type Plan = ScalarPlan | VectorPlan | MatrixPlan | StringPlan;

/** Prepares several plans, one after the other. */
export function prepareAll(plans: readonly Plan[]): (timeMs: number) => Iterable<void> {
  const prepared = plans.filter((plan) => plan.type === 'scalar' || plan.type === 'vector');
  return function* (timeMs) {
    for (const plan of prepared) yield* plan.prepare(timeMs);
  };
}

export const nothingToPrepare = (): Iterable<void> => [];
