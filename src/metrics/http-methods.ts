/** How a method reads in telemetry. */
export interface Method {
  /** The known method verbatim, or `_OTHER`. */
  readonly name: string;
  /** What a span's name starts with: the method, or `HTTP` for one that is not known. */
  readonly spanName: string;
  /** A small number that stands for it in a series key. */
  readonly index: number;
}

const OTHER_METHOD = '_OTHER';

/** The methods that semantic conventions know by default (v1.44, "http.request.method"). */
export const DEFAULT_METHODS: readonly string[] = [
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'HEAD',
  'OPTIONS',
  'CONNECT',
  'TRACE',
  'QUERY',
];

/** Case-sensitive, as HTTP is. At most 30 methods fit into a series key; further ones read as `_OTHER`. */
export function createMethods(known: readonly string[]): (method: string | undefined) => Method {
  const other: Method = { name: OTHER_METHOD, spanName: 'HTTP', index: 0 };
  const methods = new Map<string, Method>();
  for (const name of known.slice(0, 30)) methods.set(name, { name, spanName: name, index: methods.size + 1 });
  return (method) => methods.get(method ?? '') ?? other;
}
