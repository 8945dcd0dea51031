/** How a call to an upstream broke off, as far as its client could see. */
export interface BrokenEnd {
  /** 0 when no response arrived. */
  readonly statusCode: number;
  readonly error: unknown;
  /** The caller gave up: he aborted, or destroyed the request. */
  readonly isCallerAbort: boolean;
  /** A time-out of the client was seen before. */
  readonly isTimedOut: boolean;
  /** The request went out on a connection that had served one before. */
  readonly isReusedSocket: boolean;
  /** Since the call was made. */
  readonly elapsedMs: number;
  /** This process had stood still for longer than a time-out can tell from a slow upstream. */
  readonly isStalled: boolean;
}

/** What an end says about the upstream: a failure with a reason of low cardinality, a success, or nothing. */
export type Verdict =
  | { readonly kind: 'success' }
  | { readonly kind: 'ignore' }
  | { readonly kind: 'failure'; readonly reason: string };

export const success: Verdict = { kind: 'success' };
const ignore: Verdict = { kind: 'ignore' };

/** Stands for the error of an exchange that ended early without telling why. One for all: nobody but us ever sees it. */
export const brokenOff = Object.freeze({ name: 'Error', code: 'ECONNRESET' });

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
  // Our own caller has gone, or waits no longer: the reasons of signals.signal().
  'ERR_CALLER_GONE',
  'ERR_DEADLINE_EXCEEDED',
]);

// A keep-alive connection that the upstream was closing while we wrote to it: the next call on a fresh one succeeds.
const staleSocketCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE']);
// The close and the request have crossed on the way: that shows within a round trip. Later it was the upstream that gave up.
const staleWithinMs = 1_000;

/** What a status says by itself: below 500 the upstream did its work. */
export function judgeStatus(statusCode: number): Verdict {
  return statusCode >= 500 ? { kind: 'failure', reason: String(statusCode) } : success;
}

/** Judges an exchange that broke off, by the table of the breaker's design: upstream's fault, or not evidence. */
export function judgeError(end: BrokenEnd): Verdict {
  const { error, statusCode } = end;
  const code = errorCodeOf(error);
  if (end.isTimedOut || isTimeout(error, code))
    return end.isStalled ? ignore : { kind: 'failure', reason: 'timeout' };
  if (end.isCallerAbort || isAbort(error, code) || callerCodes.has(code)) return ignore;
  if (end.isReusedSocket && statusCode === 0 && end.elapsedMs < staleWithinMs && staleSocketCodes.has(code))
    return ignore;
  return { kind: 'failure', reason: code };
}

/** The `error.type` of a call that broke off; undefined for one that its caller did not want any more. */
export function errorTypeOf(error: unknown, isTimedOut: boolean, isCallerAbort: boolean): string | undefined {
  const code = errorCodeOf(error);
  // That the caller's time ran out is an error, whatever his client makes of it.
  if (isTimedOut || isTimeout(error, code)) return timeoutCodes.has(code) ? code : 'TimeoutError';
  return isCallerAbort || isAbort(error, code) ? undefined : code;
}

function isTimeout(error: unknown, code = errorCodeOf(error)): boolean {
  if (timeoutCodes.has(code) || nameOf(error) === 'TimeoutError') return true;
  // AbortSignal.timeout() on http.request arrives as an AbortError that the TimeoutError caused.
  return nameOf(error) === 'AbortError' && nameOf((error as { cause?: unknown }).cause) === 'TimeoutError';
}

function isAbort(error: unknown, code = errorCodeOf(error)): boolean {
  return abortCodes.has(code) || nameOf(error) === 'AbortError';
}

/** The `error.type` of anything thrown: its code, that of what caused it, else its class. */
export function errorCodeOf(error: unknown, depth = 0): string {
  if (typeof error !== 'object' || error === null) return '_OTHER';
  try {
    const { code, cause, name, errors } = error as Record<'code' | 'cause' | 'name' | 'errors', unknown>;
    if (typeof code === 'string' && code !== '') return code;
    // Each address of a host that was tried in vain has an error of its own; the first is as good as any.
    const inside = cause ?? (Array.isArray(errors) ? errors[0] : undefined);
    if (inside !== undefined && depth < 4) {
      const inner = errorCodeOf(inside, depth + 1);
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
