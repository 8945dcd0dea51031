import { type Context, type TextMapPropagator, trace } from '@opentelemetry/api';
import type { Breaker } from '../breaker/breaker.js';
import { createDeadline, type Timers } from '../breaker/deadline.js';
import type { BreakerConfig } from '../breaker/options.js';
import type { BreakerRegistry } from '../breaker/registry.js';
import type { Clock } from '../core/clock.js';
import type { Faults } from '../core/faults.js';
import { GoldenSignalsError } from '../errors.js';
import type { ClientRed } from '../metrics/client-red.js';
import type { Method } from '../metrics/http-methods.js';
import { errorCodeOf, isAbort, isTimeout, judge, retryAfterOf } from './call-outcome.js';
import { type ClientTracing, linkTo, writeHeaders } from './client-tracing.js';
import { type CallOwner, OutboundCall, type Target } from './outbound-call.js';
import { createStallWatch, type StallWatch } from './stall.js';

export interface OutboundParts {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly timers: Timers;
  readonly methodOf: (method: string | undefined) => Method;
  readonly tracing: ClientTracing;
  readonly red: ClientRed | undefined;
  readonly propagator: TextMapPropagator;
  /** False for a host that gets neither trace context nor baggage. */
  readonly isPropagatedTo: (host: string, port: number) => boolean;
  readonly breakers: BreakerRegistry | undefined;
  /** The options that the breaker of this upstream has. */
  readonly configOf: (upstream: string) => BreakerConfig | false;
}

// How long after its head a response whose body nobody reads is taken for what its status said.
const unreadBodyMs = 60_000;

/**
 * The one pipeline of every outgoing call: guard, span, headers, call, outcome. The clients in front of it only translate.
 */
export class Outbound implements CallOwner {
  readonly #parts: OutboundParts;
  readonly #stall: StallWatch;
  /** Calls whose response has begun, oldest first. */
  readonly #reading = new Set<OutboundCall>();
  /** The call whose end is being told to its breaker: what a transition that it causes is about. */
  settling: OutboundCall | undefined;

  constructor(parts: OutboundParts) {
    this.#parts = parts;
    this.#stall = createStallWatch(parts.clock, () => this.#settleUnread());
  }

  /**
   * Begins a call in a context.
   * @throws CircuitOpenError `ERR_CIRCUIT_OPEN` when the breaker of its upstream turns it away; the call is then already told of.
   */
  begin(target: Target, context: Context): OutboundCall {
    const { clock, methodOf, tracing, breakers } = this.#parts;
    const upstream = target.port === 0 ? target.host : `${target.host}:${target.port}`;
    const call = new OutboundCall(this, methodOf(target.method), target, upstream, clock.now(), context);
    const breaker = breakers?.get(upstream);
    if (breaker !== undefined) {
      call.permit = breaker.tryAcquire();
      if (call.permit === undefined) throw this.#reject(call, breaker);
    }
    tracing.begin(call);
    if (call.permit !== undefined) call.permit.evidence = trace.getSpanContext(call.inner);
    this.#stall.enter();
    return call;
  }

  /** Writes trace context and baggage, unless the host is not to have them. */
  writeHeaders(
    call: OutboundCall,
    present: (name: string) => unknown,
    set: (name: string, value: string) => void,
  ): void {
    const { propagator, isPropagatedTo } = this.#parts;
    if (isPropagatedTo(call.host, call.port)) writeHeaders(call, propagator, present, set);
  }

  /** Starts the attempt's time-out, where its upstream has one; `call.abort` must be set. */
  startDeadline(call: OutboundCall): void {
    const config = this.#parts.configOf(call.upstream);
    if (config === false || config.timeoutMs === undefined) return;
    const { timeoutMs } = config;
    call.deadline = createDeadline({
      timeoutMs,
      timers: this.#parts.timers,
      now: () => this.#parts.clock.now(),
      onExpired: () => {
        const error = new GoldenSignalsError(
          'ERR_UPSTREAM_TIMEOUT',
          `${call.upstream} did not answer in full within ${timeoutMs} ms`,
        );
        this.failed(call, error);
        call.abort?.(error);
      },
    });
  }

  responded(
    call: OutboundCall,
    statusCode: number,
    retryAfter: unknown,
    protocolVersion: string | undefined,
  ): void {
    if (call.isSpanEnded || call.isSettled) return;
    call.statusCode = statusCode;
    call.retryAfter = retryAfter;
    call.protocolVersion = protocolVersion ?? call.protocolVersion;
    call.respondedMs = this.#parts.clock.now();
    if (statusCode >= 400) call.errorType = String(statusCode);
    this.#endSpan(call, call.respondedMs);
    this.#reading.add(call);
  }

  completed(call: OutboundCall): void {
    this.#settle(call, undefined);
  }

  failed(call: OutboundCall, error: unknown): void {
    if (call.isSettled) return;
    if (!call.isSpanEnded) {
      // What the caller cut off himself is no error (semantic conventions, since v1.41); that his own time ran out is one.
      const code = errorCodeOf(error);
      const isTimedOut = call.isTimedOut || isTimeout(error, code);
      const isAborted = !isTimedOut && (call.isCallerAbort || isAbort(error, code));
      if (!isAborted) call.errorType = code;
      this.#endSpan(call, this.#parts.clock.now());
    }
    this.#settle(call, error ?? new Error('the exchange broke off'));
  }

  close(): void {
    this.#stall.close();
  }

  #reject(call: OutboundCall, breaker: Breaker): Error {
    const { tracing, clock } = this.#parts;
    const error = breaker.rejection();
    call.isSettled = true;
    call.errorType = error.code;
    tracing.begin(call);
    linkTo(call, breaker.transitions.findLast(({ to }) => to === 'open')?.evidence);
    trace.getSpan(call.context)?.addEvent('golden_signals.breaker.rejected', {
      'golden_signals.breaker.name': call.upstream,
      'golden_signals.breaker.state': breaker.state,
      'golden_signals.breaker.retry_after': error.retryAfterMs / 1_000,
    });
    call.isSpanEnded = true;
    // Not measured: a call that was never made says nothing of how long calls take.
    tracing.end(call, clock.now());
    return error;
  }

  #endSpan(call: OutboundCall, endMs: number): void {
    call.isSpanEnded = true;
    const { red, tracing } = this.#parts;
    red?.end(call, (endMs - call.startMs) / 1_000);
    tracing.end(call, endMs);
  }

  #settle(call: OutboundCall, error: unknown): void {
    if (call.isSettled) return;
    call.isSettled = true;
    this.#reading.delete(call);
    this.#stall.leave();
    call.deadline?.clear();
    if (!call.isSpanEnded) this.#endSpan(call, this.#parts.clock.now());
    const { permit } = call;
    if (permit === undefined) return;
    const { statusCode } = call;
    const retryAfterMs =
      error === undefined && (statusCode === 429 || statusCode === 503)
        ? retryAfterOf(call.retryAfter, this.#parts.clock.epochMs())
        : undefined;
    this.settling = call;
    try {
      if (retryAfterMs !== undefined && retryAfterMs > 0) permit.hold(retryAfterMs);
      else this.#judge(call, error);
    } catch (fault) {
      permit.ignore();
      this.#parts.faults.caught('client.judge', fault);
    } finally {
      this.settling = undefined;
    }
  }

  #judge(call: OutboundCall, error: unknown): void {
    const { permit, statusCode } = call;
    const end = {
      statusCode,
      error,
      isCallerAbort: call.isCallerAbort,
      isTimedOut: call.isTimedOut,
      isReusedSocket: call.isReusedSocket,
      isStalled: error !== undefined && this.#stall.isStalled(),
    };
    let verdict = judge(end);
    const config = this.#parts.configOf(call.upstream);
    // The user's own judgement takes the place of ours, except where there is no evidence at all.
    if (config !== false && config.isFailure !== undefined && verdict.kind !== 'ignore') {
      const own = config.isFailure(error === undefined ? { status: statusCode } : { error });
      if (own === 'ignore') verdict = { kind: 'ignore' };
      else if (!own) verdict = { kind: 'success' };
      else if (verdict.kind === 'success') verdict = { kind: 'failure', reason: String(statusCode) };
    }
    if (verdict.kind === 'success') permit?.success();
    else if (verdict.kind === 'ignore') permit?.ignore();
    else permit?.failure(undefined, verdict.reason);
  }

  #settleUnread(): void {
    const now = this.#parts.clock.now();
    for (const call of this.#reading) {
      if (now - call.respondedMs < unreadBodyMs) return;
      this.#settle(call, undefined);
    }
  }
}
