/** A constructor that gives back what it is called with makes its subclasses add their fields to that. */
export class Given {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: that is what this class is for.
    return object;
  }
}

/**
 * One value of ours on an object of somebody else's. It is a private field, which no code but this can see: not `in`, a spread, a list
 * of keys, `util.inspect` or `structuredClone`; and it can be put on a frozen object. A WeakMap would hide it as well, and cost a
 * request 0.8 µs more on Node 20.
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
