// What propagators write: the formats that OTEL_PROPAGATORS knows.
const contextHeaders: ReadonlySet<string> = new Set([
  'traceparent',
  'tracestate',
  'baggage',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
  'uber-trace-id',
]);

/** True for a header, in lower case, that carries trace context or baggage. */
export function isContextHeader(name: string): boolean {
  return contextHeaders.has(name);
}

/** True where a signature says that it covers a header: SigV4 in `authorization`, HTTP message signatures in `signature-input`. */
export function isSigned(name: string, authorization: unknown, signatureInput: unknown): boolean {
  return `${authorization ?? ''} ${signatureInput ?? ''}`.toLowerCase().includes(name);
}
