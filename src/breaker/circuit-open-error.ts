import { GoldenSignalsError } from '../errors.js';

/** Why a call was turned away: the circuit is open, its probes are all out, an operator opened it, or too many are under way. */
export type RejectionCause = 'open' | 'half-open' | 'forced-open' | 'busy';

/** A call that was not made, because the circuit breaker of its upstream rejected it. */
export class CircuitOpenError extends GoldenSignalsError {
  override readonly name: string = 'CircuitOpenError';
  /** The breaker's name: for an HTTP upstream its `host:port`. */
  readonly upstream: string;
  /** Milliseconds until the circuit lets a call through again; 0 where that is not known. */
  readonly retryAfterMs: number;
  readonly rejectedBy: RejectionCause;
  /**
   * 503: express, fastify and Koa answer a request with it whose handler does not catch this. Error handlers may write it.
   * There is no `statusCode`: Nest would send the message, which names the upstream, to the client.
   */
  status: number;
  /**
   * The headers that those frameworks answer with besides: `retry-after` in whole seconds, where it is known. An object of this error's
   * own, which error handlers may change or replace.
   */
  headers: Record<string, string> | undefined;

  constructor(
    upstream: string,
    retryAfterMs: number,
    rejectedBy: RejectionCause = 'open',
    options?: ErrorOptions,
  ) {
    super('ERR_CIRCUIT_OPEN', messageOf(upstream, retryAfterMs, rejectedBy), options);
    this.upstream = upstream;
    this.retryAfterMs = retryAfterMs;
    this.rejectedBy = rejectedBy;
    this.status = 503;
    this.headers = retryAfterMs > 0 ? { 'retry-after': `${Math.ceil(retryAfterMs / 1_000)}` } : undefined;
  }
}

/** True for a rejection by a circuit breaker, also for one made by another installed copy of this package. */
export function isCircuitOpenError(error: unknown): error is CircuitOpenError {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_CIRCUIT_OPEN';
}

/** Makes the error without a stack trace, which would be most of its cost and say nothing: the caller's `await` is the place. */
export function createCircuitOpenError(
  upstream: string,
  retryAfterMs: number,
  rejectedBy: RejectionCause,
): CircuitOpenError {
  const limit = Error.stackTraceLimit;
  const isChanged = setStackTraceLimit(0);
  try {
    return new CircuitOpenError(upstream, retryAfterMs, rejectedBy);
  } finally {
    if (isChanged) setStackTraceLimit(limit);
  }
}

// Not writable under --frozen-intrinsics and wherever Error was frozen; the error then has its stack.
function setStackTraceLimit(limit: number): boolean {
  try {
    Error.stackTraceLimit = limit;
    return true;
  } catch {
    return false;
  }
}

function messageOf(upstream: string, retryAfterMs: number, rejectedBy: RejectionCause): string {
  if (rejectedBy === 'busy') return `too many calls to ${upstream} are under way`;
  if (rejectedBy === 'forced-open') return `the circuit to ${upstream} is held open by hand`;
  if (rejectedBy === 'half-open') return `the circuit to ${upstream} is being tried by other calls`;
  return `the circuit to ${upstream} is open for another ${Math.ceil(retryAfterMs)} ms`;
}
