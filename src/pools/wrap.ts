type Method = (this: unknown, ...args: never[]) => unknown;

/**
 * Puts a method of one instance in front of the one that its class has, or that somebody put there. Returns the way back, which
 * leaves alone what others have put in front since.
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
