import type { Labels } from './series-source.js';

/** The label that holds the name of a metric. */
export const METRIC_NAME = '__name__';

/** More different lists of names than there are metrics. */
const maxLists = 2_000;

/** The labels of a series, sorted by name. Labels without a value are none, as in Prometheus. */
export class LabelSet {
  static readonly empty = new LabelSet([], []);

  readonly names: readonly string[];
  readonly values: readonly string[];
  #key: string | undefined;
  #nameless: LabelSet | undefined;

  /** Series of one metric have the same names: they share the list. */
  static readonly #lists = new Map<string, readonly string[]>();

  private constructor(names: readonly string[], values: readonly string[]) {
    this.names = names;
    this.values = values;
  }

  static of(labels: Labels, metricName?: string): LabelSet {
    const given = metricName === undefined ? labels : { ...labels, [METRIC_NAME]: metricName };
    const names = Object.keys(given).filter((name) => given[name] !== '' && given[name] !== undefined);
    names.sort();
    return names.length === 0
      ? LabelSet.empty
      : new LabelSet(
          LabelSet.#shared(names),
          names.map((name) => given[name] as string),
        );
  }

  static #shared(names: readonly string[]): readonly string[] {
    const key = names.join();
    const known = LabelSet.#lists.get(key);
    if (known !== undefined) return known;
    if (LabelSet.#lists.size >= maxLists) LabelSet.#lists.clear();
    LabelSet.#lists.set(key, names);
    return names;
  }

  /** Equal for equal labels and for no others. */
  get key(): string {
    this.#key ??= this.keyOf(() => true);
    return this.#key;
  }

  /** The key of some of the labels: lengths tell where a name or value ends. */
  keyOf(keeps: (name: string) => boolean): string {
    let key = '';
    for (let index = 0; index < this.names.length; index += 1) {
      const name = this.names[index] as string;
      if (!keeps(name)) continue;
      const value = this.values[index] as string;
      key += `${name.length}:${name}${value.length}:${value}`;
    }
    return key;
  }

  /** '' where there is no such label. */
  get(name: string): string {
    const index = this.names.indexOf(name);
    return index === -1 ? '' : (this.values[index] as string);
  }

  /** Without the name of the metric. */
  get nameless(): LabelSet {
    this.#nameless ??= this.names.includes(METRIC_NAME) ? this.filter((name) => name !== METRIC_NAME) : this;
    return this.#nameless;
  }

  filter(keeps: (name: string) => boolean): LabelSet {
    const names = this.names.filter(keeps);
    if (names.length === 0) return LabelSet.empty;
    return new LabelSet(
      names,
      names.map((name) => this.get(name)),
    );
  }

  /** With some labels set anew; one that is set to '' is gone. */
  with(changes: Labels): LabelSet {
    return LabelSet.of({ ...this.toLabels(), ...changes });
  }

  /** A new object, the name of the metric included. */
  toLabels(): Record<string, string> {
    const labels: Record<string, string> = Object.create(null);
    for (const [index, name] of this.names.entries()) labels[name] = this.values[index] as string;
    return labels;
  }
}
