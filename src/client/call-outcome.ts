/** How a call to an upstream ended, as far as its client could see. */
export interface CallEnd {
  /** 0 when no response arrived. */
  readonly statusCode: number;
  readonly error: unknown;
  /** The caller gave up: he aborted, or destroyed the request. */
  readonly isCallerAbort: boolean;
  /** A time-out of the client was seen before. */
  readonly isTimedOut: boolean;
  /** The request went out on a connection that had served one before. */
  readonly isReusedSocket: boolean;
  /** This process had stood still for longer than a time-out can tell from a slow upstream. */
  readonly isStalled: boolean;
}

/** What an end says about the upstream: a failure with a reason of low cardinality, a success, or nothing. */
export type Verdict =
  | { readonly kind: 'success' }
  | { readonly kind: 'ignore' }
  | { readonly kind: 'failure'; readonly reason: string };

const success: Verdict = { kind: 'success' };
const ignore: Verdict = { kind: 'ignore' };

const timeoutCodes: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
  'ECONNABORTED',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_UPSTREAM_TIMEOUT',
]);

// What the caller did wrong is no evidence against the upstream.
const callerCodes: ReadonlySet<string> = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_DESTROYED',
  'UND_ERR_CLOSED',
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
  'ERR_INVALID_URL',
  'ERR_INVALID_ARG_TYPE',
  'ERR_INVALID_CHAR',
  'ERR_HTTP_INVALID_HEADER_VALUE',
  'ERR_UNESCAPED_CHARACTERS',
]);

const abortCodes: ReadonlySet<string> = new Set([
  'ABORT_ERR',
  'UND_ERR_ABORTED',
  'ERR_CANCELED',
  'ERR_ABORTED',
]);

// A keep-alive connection that the upstream was closing while we wrote to it: the next call on a fresh one succeeds.
const staleSocketCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE']);

/** Judges an end by the table of the breaker's design: upstream's fault, fine, or not evidence. */
export function judge(end: CallEnd): Verdict {
  const { error, statusCode } = end;
  if (error === undefined)
    return statusCode >= 500 ? { kind: 'failure', reason: String(statusCode) } : success;
  const code = errorCodeOf(error);
  if (end.isTimedOut || isTimeout(error, code))
    return end.isStalled ? ignore : { kind: 'failure', reason: 'timeout' };
  if (end.isCallerAbort || isAbort(error, code) || callerCodes.has(code)) return ignore;
  if (end.isReusedSocket && statusCode === 0 && staleSocketCodes.has(code)) return ignore;
  return { kind: 'failure', reason: code };
}

export function isTimeout(error: unknown, code = errorCodeOf(error)): boolean {
  if (timeoutCodes.has(code) || nameOf(error) === 'TimeoutError') return true;
  // AbortSignal.timeout() on http.request arrives as an AbortError that the TimeoutError caused.
  return nameOf(error) === 'AbortError' && nameOf((error as { cause?: unknown }).cause) === 'TimeoutError';
}

export function isAbort(error: unknown, code = errorCodeOf(error)): boolean {
  return abortCodes.has(code) || nameOf(error) === 'AbortError';
}

/** The `error.type` of anything thrown: its code, that of what caused it, else its class. */
export function errorCodeOf(error: unknown, depth = 0): string {
  if (typeof error !== 'object' || error === null) return '_OTHER';
  try {
    const { code, cause, name } = error as { code?: unknown; cause?: unknown; name?: unknown };
    if (typeof code === 'string' && code !== '') return code;
    if (cause !== undefined && cause !== null && depth < 4) {
      const inner = errorCodeOf(cause, depth + 1);
      if (inner !== '_OTHER' && inner !== 'Error') return inner;
    }
    return typeof name === 'string' && name !== '' ? name : '_OTHER';
  } catch {
    return '_OTHER';
  }
}

function nameOf(error: unknown): string | undefined {
  try {
    return (error as { name?: string } | undefined)?.name;
  } catch {
    return undefined;
  }
}

/** The milliseconds that a Retry-After header asks for; undefined without one, or one that cannot be read (RFC 9110, 10.2.3). */
export function retryAfterOf(header: unknown, nowEpochMs: number): number | undefined {
  if (typeof header !== 'string' || header === '') return undefined;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  if (!/^[A-Za-z]{3},/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowEpochMs);
}
