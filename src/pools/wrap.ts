type Method = (this: unknown, ...args: never[]) => unknown;

/**
 * Wraps a method of one instance, whether its class or other code defined it. The function returned restores it, unless other code has
 * wrapped it since.
 */
export function wrapMethod(target: object, name: string, wrapper: (original: Method) => Method): () => void {
  const own = Object.getOwnPropertyDescriptor(target, name);
  const original = (target as Record<string, unknown>)[name] as Method;
  const value = wrapper(original);
  Object.defineProperty(target, name, { configurable: true, writable: true, enumerable: false, value });
  return () => {
    if ((target as Record<string, unknown>)[name] !== value) return;
    if (own === undefined) delete (target as Record<string, unknown>)[name];
    else Object.defineProperty(target, name, own);
  };
}
