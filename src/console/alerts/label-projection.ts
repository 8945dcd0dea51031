import { type LabelSet, METRIC_NAME } from './label-set.js';

/** More different results than any rule has; beyond them the memory starts anew. */
const maxRemembered = 20_000;

/**
 * The part of label sets that counts for a grouping or a match: `by` and `on` name labels to keep, `without` and `ignoring` labels to
 * leave out, and the name of the metric with them. Equal parts are one object, and each set is looked at once: an evaluation that sees
 * the series of the last one compares no text.
 */
export class LabelProjection {
  readonly #keeps: (name: string) => boolean;
  #known = new WeakMap<LabelSet, LabelSet>();
  #parts = new Map<string, LabelSet>();

  private constructor(keeps: (name: string) => boolean) {
    this.#keeps = keeps;
  }

  static onto(names: readonly string[]): LabelProjection {
    const kept = new Set(names);
    return new LabelProjection((name) => kept.has(name));
  }

  static without(names: readonly string[], keepsMetricName = false): LabelProjection {
    const left = new Set(keepsMetricName ? names : [...names, METRIC_NAME]);
    return new LabelProjection((name) => !left.has(name));
  }

  of(labels: LabelSet): LabelSet {
    const known = this.#known.get(labels);
    if (known !== undefined) return known;
    const key = labels.keyOf(this.#keeps);
    let part = this.#parts.get(key);
    if (part === undefined) {
      part = labels.filter(this.#keeps);
      if (this.#parts.size >= maxRemembered) {
        this.#parts = new Map();
        this.#known = new WeakMap();
      }
      this.#parts.set(key, part);
    }
    this.#known.set(labels, part);
    return part;
  }
}
