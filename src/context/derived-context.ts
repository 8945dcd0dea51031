import type { Context } from '@opentelemetry/api';

/** One changed value above another context. Chains are as long as the nesting of spans in a request: short. */
export class DerivedContext implements Context {
  readonly #parent: Context;
  readonly #key: symbol;
  readonly #value: unknown;

  constructor(parent: Context, key: symbol, value: unknown) {
    this.#parent = parent;
    this.#key = key;
    this.#value = value;
  }

  getValue(key: symbol): unknown {
    return key === this.#key ? this.#value : this.#parent.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new DerivedContext(this, key, value);
  }

  deleteValue(key: symbol): Context {
    return new DerivedContext(this, key, undefined);
  }
}

/** As `ROOT_CONTEXT` of the API, which looks each key up in a map that holds none. */
export const rootContext: Context = {
  getValue: () => undefined,
  setValue: (key, value) => new DerivedContext(rootContext, key, value),
  deleteValue: () => rootContext,
};
