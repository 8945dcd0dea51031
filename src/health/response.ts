import type { Random } from '../core/random.js';
import { negotiate, type ProbeFormat } from './accept.js';
import type { Verdict } from './probe.js';

export interface ProbeRequest {
  readonly method: string | undefined;
  /** The Accept header as it came. */
  readonly accept: string | undefined;
  /** Adds `Connection: close`: true while draining over HTTP/1; HTTP/2 has no such header. */
  readonly closeConnection: boolean;
}

export interface ProbeResponse {
  readonly status: 200 | 503;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty for HEAD; the headers are those of GET. */
  readonly body: string;
}

const contentTypes: Readonly<Record<ProbeFormat, string>> = {
  'health+json': 'application/health+json; charset=utf-8',
  json: 'application/json; charset=utf-8',
  text: 'text/plain; charset=utf-8',
};

const maxRetryAfterS = 5;

/** The whole answer to a probe. Never throws. */
export function probeResponse(
  request: ProbeRequest,
  verdict: Verdict,
  json: string,
  random: Random,
): ProbeResponse {
  const format = negotiate(request.accept);
  const body = format === 'text' ? verdict.status : json;
  const headers: Record<string, string> = {
    'Content-Type': contentTypes[format],
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  };
  // Spread, so that clients turned away together do not come back together.
  if (!verdict.ok) headers['Retry-After'] = String(1 + Math.floor(random() * maxRetryAfterS));
  if (request.closeConnection) headers.Connection = 'close';
  return { status: verdict.httpStatus, headers, body: request.method === 'HEAD' ? '' : body };
}
