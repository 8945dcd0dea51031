/** How a call to an upstream broke off, as far as its client could see. */
export interface BrokenEnd {
  /** 0 when no response arrived. */
  readonly statusCode: number;
  readonly error: unknown;
  /** The caller gave up: it aborted, or destroyed the request. */
  readonly isCallerAbort: boolean;
  /** The caller gave up in answer to a time-out that its client had noticed. */
  readonly isTimedOut: boolean;
  /** The error came from somewhere else: from the caller's own body, or from a proxy on the way. */
  readonly isElsewhere: boolean;
  /** The port that the call was for; 0 for a Unix domain socket. */
  readonly port: number;
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

/** Stands for the error of an exchange that ended early without telling why. One for all: only this library sees it. */
export const brokenOff = Object.freeze({ name: 'Error', code: 'ECONNRESET' });

/** The error as a user may have it, who may write to it. */
export function userErrorOf(error: unknown): unknown {
  if (error !== brokenOff) return error;
  return Object.assign(new Error('the connection broke off'), { code: brokenOff.code });
}

const timeoutCodes: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
  'ECONNABORTED',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_UPSTREAM_TIMEOUT',
]);

/**
 * What an upstream does to a connection. Anything that is not here is no evidence: what this process lacks (EMFILE, EADDRNOTAVAIL,
 * EAI_AGAIN, a certificate authority), what the caller's body does (ENOENT of its file), a mistake of the caller, a proxy.
 */
const upstreamCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'ENODATA',
  'EPROTO',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_HTTP2_ERROR',
  'ERR_HTTP2_GOAWAY_SESSION',
  'ERR_HTTP2_SESSION_ERROR',
  'ERR_HTTP2_STREAM_ERROR',
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  // The error of undici's parser, which has no code for what is no HTTP at all.
  'HTTPParserError',
  'UND_ERR_SOCKET',
]);
// Errors of the HTTP parser on a response, and of OpenSSL in a handshake.
const upstreamCode = /^(?:HPE|ERR_SSL)_/;

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

/** What a status says by itself: below 500 the upstream did its work, and 429 is about the caller that it limits. */
export function judgeStatus(statusCode: number): Verdict {
  if (statusCode === 429) return ignore;
  return statusCode >= 500 ? { kind: 'failure', reason: String(statusCode) } : success;
}

/** Judges an exchange that broke off: only what the upstream did, or left undone for too long, is held against it. */
export function judgeError(end: BrokenEnd): Verdict {
  const { error, statusCode } = end;
  const code = errorCodeOf(error);
  if (end.isElsewhere || isSystemErrorElsewhere(end)) return ignore;
  if (end.isTimedOut || isTimeout(error, code))
    return end.isStalled ? ignore : { kind: 'failure', reason: 'timeout' };
  if (end.isCallerAbort || isAbort(error, code) || !isOfUpstream(error, code)) return ignore;
  if (end.isReusedSocket && statusCode === 0 && end.elapsedMs < staleWithinMs && staleSocketCodes.has(code))
    return ignore;
  return { kind: 'failure', reason: code };
}

function isOfUpstream(error: unknown, code: string): boolean {
  const { syscall, message, errors } = causeWithCode(error);
  // A name server that gives no answer is not the upstream.
  if (isText(syscall) && syscall.startsWith('query') && code !== 'ENOTFOUND' && code !== 'ENODATA')
    return false;
  if (upstreamCodes.has(code) || upstreamCode.test(code)) return true;
  // A Unix domain socket that does not exist; and undici's internal error of an HTTP/2 session.
  if (code === 'ENOENT') return syscall === 'connect';
  if (code === 'UND_ERR_INFO') return isText(message) && message.startsWith('HTTP/2: ');
  // Of all addresses of a host, some may be out of reach for want of something here.
  return Array.isArray(errors) && errors.slice(1).some((one) => isOfUpstream(one, errorCodeOf(one)));
}

/**
 * A system error says what it is about: another port than that of the call is the port of a proxy. One that the caller ends the call
 * with comes from a connection or a file of the caller's own.
 */
function isSystemErrorElsewhere({ error, isCallerAbort, port }: BrokenEnd): boolean {
  const { syscall, port: tried, errors } = causeWithCode(error);
  if (isCallerAbort && isText(syscall)) return true;
  if (typeof tried === 'number') return syscall === 'connect' && tried !== port;
  return port !== 0 && Array.isArray(errors) && isConnectedElsewhere(errors[0], port);
}

function isConnectedElsewhere(error: unknown, port: number): boolean {
  const { syscall, port: tried } = (error ?? {}) as Described;
  return syscall === 'connect' && typeof tried === 'number' && tried !== port;
}

/** The `error.type` of a call that broke off; undefined for one that its caller did not want any more. */
export function errorTypeOf(error: unknown, isTimedOut: boolean, isCallerAbort: boolean): string | undefined {
  const code = errorCodeOf(error);
  // That the caller's time ran out is an error, whatever its client makes of it.
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

type Described = Partial<Record<'syscall' | 'port' | 'message' | 'errors', unknown>>;

/** The error in a chain of causes that has the code, with what else it says. */
function causeWithCode(error: unknown, depth = 0): Described {
  if (typeof error !== 'object' || error === null) return {};
  try {
    const { code, cause, syscall, port, message, errors } = error as Described &
      Record<'code' | 'cause', unknown>;
    if ((isText(code) && code !== '') || cause === undefined || depth === 4)
      return { syscall, port, message, errors };
    return causeWithCode(cause, depth + 1);
  } catch {
    return {};
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
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
