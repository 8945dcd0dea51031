import { type LabelSet, METRIC_NAME } from './label-set.js';
import { PromqlError } from './promql/promql-error.js';
import type { Sample, Vector } from './promql/vector.js';
import type { RecordingSpec } from './rule-spec.js';

/** Gives what an expression gives a name and labels of its own. */
export class RecordingRule {
  readonly #labels: Readonly<Record<string, string>>;
  readonly #known = new WeakMap<LabelSet, LabelSet>();

  constructor({ record, labels }: RecordingSpec) {
    this.#labels = { ...labels, [METRIC_NAME]: record };
  }

  /** @throws PromqlError where two series are the same then. */
  evaluate(vector: Vector): Vector {
    const keys = new Set<string>();
    const samples: Sample[] = [];
    for (const { labels, value } of vector) {
      const made = this.#known.get(labels) ?? labels.with(this.#labels);
      this.#known.set(labels, made);
      keys.add(made.key);
      samples.push({ labels: made, value });
    }
    if (keys.size < samples.length)
      throw new PromqlError('vector contains metrics with the same labelset after applying rule labels');
    return samples;
  }
}
