import fc from 'fast-check';

const throwing = (): never => {
  throw new Error('a getter threw');
};

/** An object all of whose traps throw. */
export function createHostileProxy(): object {
  const traps = ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor', 'set'] as const;
  return new Proxy({}, Object.fromEntries(traps.map((trap) => [trap, throwing])));
}

/** An error whose every interesting property throws when read. */
export function createErrorWithGetters(): Error {
  const error = new Error('hidden');
  // The stack first: to redefine it, V8 has it formatted, which reads the others.
  const names = ['stack', 'name', 'message', 'code', 'cause', 'toString', 'status', 'output'];
  return Object.defineProperties(error, Object.fromEntries(names.map((name) => [name, { get: throwing }])));
}

function createCircularResult(): object {
  const circular: Record<string, unknown> = { status: 'warn' };
  circular.observedValue = circular;
  circular.output = circular;
  return circular;
}

function createResultWithGetter(name: string): object {
  return Object.defineProperty({ status: 'warn' }, name, { get: throwing });
}

/** Makes anything that JavaScript can throw or resolve with, hostile things included; makers, for fast-check itself looks at values. */
export const anything = (): fc.Arbitrary<() => unknown> =>
  fc.oneof(
    fc
      .anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withNullPrototype: true,
        withObjectString: true,
      })
      .map((value) => () => value),
    fc.string().map((message) => () => Object.freeze(new Error(message))),
    fc.string().map((message) => () => new Error(message, { cause: createHostileProxy() })),
    fc
      .constantFrom('status', 'output', 'observedValue', 'observedUnit')
      .map((name) => () => createResultWithGetter(name)),
    fc.constantFrom<() => unknown>(
      () => undefined,
      () => Symbol('thrown'),
      () => throwing,
      createHostileProxy,
      createErrorWithGetters,
      createCircularResult,
    ),
  );

/** Promises and things that only look like promises, which end as `value` says or misbehave. */
export const misbehaving = (value: unknown): (() => unknown)[] => [
  () => value,
  () => {
    throw value;
  },
  () => Promise.reject(value),
  async () => value,
  // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
  () => ({ then: throwing }),
  () => Object.defineProperty({}, 'then', { get: throwing }),
  () => ({
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
    then(resolve: (value: unknown) => void, reject: (reason: unknown) => void) {
      resolve(value);
      reject(value);
      resolve(undefined);
      throw value;
    },
  }),
  () => ({
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
    then(_resolve: unknown, reject: (reason: unknown) => void) {
      reject(value);
      reject(undefined);
    },
  }),
  () => new Proxy(Promise.resolve(), {}),
];
