import { patch } from '../core/patch.js';

type Method<Self> = (this: Self, ...args: unknown[]) => unknown;

const replaced = new WeakMap<object, Set<string>>();

/**
 * Puts another method in the place of one that an object has or inherits, there where it stands and once: the object itself gets no
 * property that it would not have. Where it stands on a class, the new one is called for every object of that class.
 */
export function replaceMethod<Self extends object>(
  object: Self,
  name: string,
  create: (method: Method<Self>) => Method<Self>,
): void {
  const holder = holderOf(object, name);
  const names = replaced.get(holder) ?? new Set();
  if (names.has(name)) return;
  names.add(name);
  replaced.set(holder, names);
  patch<Method<Self>>(holder, name, (original) => create(original()));
}

function holderOf(object: object, name: string): object {
  let holder = object;
  while (!Object.hasOwn(holder, name)) holder = Object.getPrototypeOf(holder);
  return holder;
}
