// A module that every Node has loaded: the entry of the breaker by itself requires none.
const { types } = process.getBuiltinModule('node:util');

/**
 * True for an error of any realm. Jest runs an application in a realm of its own, whose `Error` is not the one that Node's errors are
 * made from: `instanceof` says no to them. Never throws.
 */
export function isError(value: unknown): value is Error {
  if (types.isNativeError(value)) return true;
  if (typeof value !== 'object' || value === null) return false;
  try {
    // A DOMException, and what inherits from an error without being made as one.
    for (let at = Object.getPrototypeOf(value); at !== null; at = Object.getPrototypeOf(at)) {
      if (Object.hasOwn(at, 'constructor') && at.constructor.name === 'Error') return true;
    }
  } catch {
    // A proxy that answers nothing is no error.
  }
  return false;
}
