import type { LabelSet } from '../label-set.js';
import { PromqlError } from './promql-error.js';

export interface Sample {
  readonly labels: LabelSet;
  readonly value: number;
}

/** The samples of several series at one time. */
export type Vector = readonly Sample[];

/** The samples of one series within a range: those at `from` to `to - 1` of the columns. */
export interface Window {
  readonly labels: LabelSet;
  readonly times: ArrayLike<number>;
  readonly values: ArrayLike<number>;
  readonly from: number;
  readonly to: number;
  /** No value at or after this time is below the one before it, but for one at this very time. */
  readonly lastDropMs: number;
}

/** @throws PromqlError where two samples have the same labels. */
export function distinct(vector: Vector): Vector {
  if (vector.length < 2) return vector;
  const keys = new Set<string>();
  for (const { labels } of vector) keys.add(labels.key);
  if (keys.size < vector.length)
    throw new PromqlError('vector cannot contain metrics with the same labelset');
  return vector;
}
