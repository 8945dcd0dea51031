import { like } from './like.js';

/** A method of any class, as it is called. */
// biome-ignore lint/suspicious/noExplicitAny: each patch knows what it stands in for.
export type AnyMethod = (this: any, ...args: any[]) => any;

/** What a function of this library keeps of the one beneath it, for all that look through it, other copies of the library too. */
export const BENEATH = Symbol.for('golden-signals.beneath');

/** Those of this copy of the library. */
const ours = new WeakSet<object>();

/**
 * Puts a function in the place of a method of a class, or over one that it inherits; its objects get no property that they would not
 * have. `original` gives the one beneath: what is inherited is looked up each time, for others may replace it.
 *
 * A copy of this library that still stands there gives way. It is one of another realm (in one realm all copies share a registry), as a
 * test runner leaves behind with every file whose modules it has thrown away: on top of each other they would add up.
 */
export function patch<M extends AnyMethod>(
  holder: object,
  name: PropertyKey,
  create: (original: () => M) => M,
): void {
  const descriptor = Object.getOwnPropertyDescriptor(holder, name);
  const standing = (descriptor === undefined ? undefined : Reflect.get(holder, name)) as
    | (M & { readonly [BENEATH]?: M })
    | undefined;
  const isOurs = standing !== undefined && ours.has(standing);
  const own = isOurs ? standing : (standing?.[BENEATH] ?? standing);
  const parent = Object.getPrototypeOf(holder) as Record<PropertyKey, M>;
  const original = own === undefined ? () => parent[name] as M : () => own;
  const method = like(original(), create(original));
  // Of all that this copy puts here, the last one shows what is beneath them all.
  Object.defineProperty(method, BENEATH, { value: isOurs ? standing[BENEATH] : original() });
  ours.add(method);
  // As it is where it comes from: a loop over the names of an object finds it.
  const { configurable = true, enumerable = true, writable = true } = descriptor ?? {};
  Object.defineProperty(holder, name, { value: method, configurable, enumerable, writable });
}
