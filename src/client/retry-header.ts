import type { IncomingHttpHeaders } from 'node:http';
import type { Context } from '@opentelemetry/api';
import { REQUEST_KEY } from '../context/request-context.js';

/** Goes out with an attempt that is a retry of ours, and says which. */
export const RETRY_HEADER = 'x-retry-attempt';

// What others say, and from which number on it is a retry.
const firstRetries: readonly (readonly [header: string, from: number])[] = [
  [RETRY_HEADER, 1],
  ['x-envoy-attempt-count', 2],
  ['grpc-previous-rpc-attempts', 1],
];

/** True when the request being served is marked as a retry: retries of retries multiply. */
export function isInboundRetry(context: Context | undefined): boolean {
  const record = context?.getValue(REQUEST_KEY) as
    | { readonly req?: { headers: IncomingHttpHeaders } }
    | undefined;
  const headers = record?.req?.headers;
  if (headers === undefined) return false;
  return firstRetries.some(([header, from]) => Number(headers[header] ?? 0) >= from);
}
