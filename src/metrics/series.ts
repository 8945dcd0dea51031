import type { Attributes } from '@opentelemetry/api';

/** One resolved child of an instrument: its attributes, frozen, and what it has counted. */
export interface Series<T> {
  readonly attributes: Attributes;
  readonly value: T;
}

const overflowAttributes: Attributes = Object.freeze({ 'otel.metric.overflow': true });

/**
 * The series of one instrument, at most `limit` of them. Callers keep what `add` returns, so no request looks a series up. Past the
 * limit all share the overflow series, and `onOverflow` counts it.
 */
export class SeriesSet<T> {
  readonly #create: (attributes: Attributes) => T;
  readonly #limit: number;
  readonly #onOverflow: () => void;
  readonly #all: Series<T>[] = [];
  #overflow: Series<T> | undefined;

  constructor(create: (attributes: Attributes) => T, limit: number, onOverflow: () => void) {
    this.#create = create;
    this.#limit = limit;
    this.#onOverflow = onOverflow;
  }

  add(attributes: Attributes): Series<T> {
    // The overflow series is one of those that the limit allows.
    if (this.#all.length >= this.#limit - 1) {
      this.#onOverflow();
      this.#overflow ??= { attributes: overflowAttributes, value: this.#create(overflowAttributes) };
      return this.#overflow;
    }
    const series = { attributes: Object.freeze(attributes), value: this.#create(attributes) };
    this.#all.push(series);
    return series;
  }

  get isFull(): boolean {
    return this.#all.length >= this.#limit - 1;
  }

  *[Symbol.iterator](): Iterator<Series<T>> {
    yield* this.#all;
    if (this.#overflow !== undefined) yield this.#overflow;
  }

  get size(): number {
    return this.#all.length + (this.#overflow === undefined ? 0 : 1);
  }
}
