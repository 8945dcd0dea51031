/** How a piece of foreign code ended. */
export type Outcome =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'thrown'; readonly error: unknown };

/**
 * Runs foreign code and reports once how it ended: a synchronous throw, a rejection with anything, a thenable that misbehaves.
 * Never throws and leaves no rejection unhandled; `done` is never called before this returns, and never if the code never ends.
 */
export function settle(run: () => unknown, done: (outcome: Outcome) => void): void {
  new Promise((resolve) => resolve(run())).then(
    (value) => done({ kind: 'value', value }),
    (error: unknown) => done({ kind: 'thrown', error }),
  );
}

/** A property of a foreign object, or `undefined` if reading it throws. */
export function propertyOf(value: unknown, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}
