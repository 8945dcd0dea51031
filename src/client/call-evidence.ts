import { type SpanContext, trace } from '@opentelemetry/api';
import type { BreakerOutcome } from '../breaker/options.js';
import type { Permit } from '../breaker/permit.js';
import type { Clock } from '../core/clock.js';
import type { Faults } from '../core/faults.js';
import { judgeError, judgeStatus, retryAfterOf, success, userErrorOf, type Verdict } from './call-outcome.js';
import type { OutboundCall } from './outbound-call.js';
import { isRelayed } from './target.js';

export interface EvidenceParts {
  readonly clock: Clock;
  readonly faults: Faults;
  /** True when this process has just stood still. */
  isStalled(): boolean;
  /** True for a call that has gone to this very process. */
  isOwn(call: OutboundCall): boolean;
}

/**
 * Reports the status of a response to the breaker of its call, where the status decides: a broken body can make a success a failure,
 * but not the reverse, and callers rarely read the body of a 500.
 */
export function reportStatus(call: OutboundCall, { clock, faults, isOwn }: EvidenceParts): void {
  const { statusCode, config } = call;
  const permit = permitOf(call);
  if (permit === undefined) return;
  if (isOfProxy(call) || (statusCode >= 400 && isOwn(call))) {
    call.permit = undefined;
    permit.ignore();
    return;
  }
  const ours = judgeStatus(statusCode);
  const isAsked = config?.isFailure !== undefined;
  const verdict = isAsked ? judgeAlso(call, { status: statusCode }, ours, faults) : ours;
  if (verdict.kind === 'success') {
    call.statusVerdict = verdict;
    permit.answering();
    return;
  }
  call.permit = undefined;
  const retryAfterMs =
    statusCode === 429 || statusCode === 503 ? retryAfterOf(call.retryAfter, clock.epochMs()) : undefined;
  const isHeld = config?.holdOnRetryAfter === true && (!isAsked || verdict.kind === 'failure');
  if (isHeld && retryAfterMs !== undefined && retryAfterMs > 0) permit.hold(retryAfterMs);
  else if (verdict.kind === 'ignore') permit.ignore();
  // A 429 limits one caller: its Retry-After is not for the others.
  else if (statusCode === 503) permit.failure(undefined, verdict.reason, { isAnswer: true, retryAfterMs });
  else permit.failure(undefined, verdict.reason, ANSWER);
}

const ANSWER = { isAnswer: true } as const;

/** Reports the end of an exchange to the breaker, unless the status has decided; `error` is undefined for a complete exchange. */
export function reportEnd(
  call: OutboundCall,
  error: unknown,
  { clock, faults, isStalled, isOwn }: EvidenceParts,
): void {
  const permit = permitOf(call);
  if (permit === undefined) return;
  call.permit = undefined;
  if (error === undefined) {
    settle(permit, call.statusVerdict ?? success);
    return;
  }
  const verdict = judgeError({
    statusCode: call.statusCode,
    error,
    isCallerAbort: call.isCallerAbort,
    isTimedOut: call.isTimedOut,
    isElsewhere: call.isElsewhere || isRelayed(call.target) || isOwn(call),
    port: call.port,
    isReusedSocket: call.isReusedSocket,
    elapsedMs: clock.now() - call.startMs,
    isStalled: isStalled(),
  });
  settle(
    permit,
    verdict.kind === 'ignore' ? verdict : judgeAlso(call, { error: userErrorOf(error) }, verdict, faults),
  );
}

/** The span of the call, for the transition that it may cause. */
export function evidenceOf(call: OutboundCall): SpanContext | undefined {
  return call.spanContext ?? trace.getSpanContext(call.inner);
}

/** True for an answer that a proxy gives where it does not reach the upstream, or has not even tried. */
function isOfProxy({ isElsewhere, statusCode, target }: OutboundCall): boolean {
  return isElsewhere || (statusCode >= 502 && statusCode <= 504 && isRelayed(target));
}

/** Its permit, which one that went out without gets here. */
function permitOf(call: OutboundCall): Permit | undefined {
  const { circuit } = call;
  if (circuit === undefined) return call.permit;
  const permit = circuit.permitFor(call.generation);
  permit.evidence = evidenceOf(call);
  call.circuit = undefined;
  call.permit = permit;
  return permit;
}

function settle(permit: Permit, verdict: Verdict): void {
  if (verdict.kind === 'success') permit.success();
  else if (verdict.kind === 'ignore') permit.ignore();
  else permit.failure(undefined, verdict.reason);
}

/** Asks the user's `isFailure`, whose answer replaces ours; never called for an outcome that is no evidence. */
function judgeAlso(call: OutboundCall, outcome: BreakerOutcome, ours: Verdict, faults: Faults): Verdict {
  const isFailure = call.config?.isFailure;
  if (isFailure === undefined) return ours;
  try {
    const own = isFailure(outcome);
    if (own === 'ignore') return { kind: 'ignore' };
    if (!own) return success;
    return ours.kind === 'failure' ? ours : { kind: 'failure', reason: String(outcome.status) };
  } catch (error) {
    faults.caught('breaker.isFailure', error);
    return ours;
  }
}
