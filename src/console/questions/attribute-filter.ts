export interface AttributeFilter {
  readonly key: string;
  /** Undefined: it only has to be there. */
  readonly value: string | undefined;
}

/** `key=value`, or a key alone. */
export function attributeFilter(typed: string): AttributeFilter {
  const at = typed.indexOf('=');
  return at < 0 ? { key: typed, value: undefined } : { key: typed.slice(0, at), value: typed.slice(at + 1) };
}

/** Whether attributes have what is asked for; values are compared as they read. */
export function hasAttribute(
  { key, value }: AttributeFilter,
  attributes: Readonly<Record<string, unknown>>,
): boolean {
  if (!Object.hasOwn(attributes, key)) return false;
  if (value === undefined) return true;
  const own = attributes[key];
  return (typeof own === 'object' ? JSON.stringify(own) : String(own)) === value;
}
