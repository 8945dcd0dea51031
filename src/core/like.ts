/** Gives a function the name and the number of parameters of the one that it stands for: some code tells functions by these. */
export function like<F extends object>(original: object, replacement: F): F {
  for (const key of ['name', 'length']) {
    const value: unknown = Reflect.get(original, key);
    Object.defineProperty(replacement, key, { value, configurable: true });
  }
  return replacement;
}
