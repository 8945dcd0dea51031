import { setTimeout as delay } from 'node:timers/promises';
import { types } from 'node:util';
import type { Breaker } from '../../breaker/breaker.js';
import type { BreakerConfig } from '../../breaker/options.js';
import { createRetryBudget, type RetryBudget } from '../../breaker/retry-budget.js';
import { errorCodeOf, retryAfterOf } from '../call-outcome.js';
import { isInboundRetry } from '../retry-header.js';
import type { FetchCall } from './fetch-call.js';

/** What `fetch` was called with, and how to call it again. */
export interface FetchRequest {
  readonly input: unknown;
  readonly init: RequestInit | undefined;
  readonly call: FetchCall;
  readonly send: () => Promise<Response>;
}

export type FetchOutcome = { readonly response: Response } | { readonly error: unknown };

// RFC 9110, 9.2.2, and QUERY.
const idempotentMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'PUT',
  'DELETE',
  'TRACE',
  'QUERY',
]);

// The request did not arrive, or no answer came back. Not a mistake of the caller, nor its abort.
const connectionCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'ERR_UPSTREAM_TIMEOUT',
]);

const repeatableBodies: ReadonlySet<string> = new Set([
  '[object URLSearchParams]',
  '[object FormData]',
  '[object Blob]',
  '[object File]',
]);

const firstBackOffMs = 100;
const longestBackOffMs = 2_000;
// For a longer wait than this, the caller gets the response and decides.
const longestRetryAfterMs = 5_000;

/**
 * Makes a call of `fetch` again while that may help and may be done: an idempotent request whose body can be sent once more, failed
 * for its connection or answered 502, 503, 504 or 429 with a Retry-After, within the attempts and the retry budget of its upstream.
 * Gives the last outcome; a response that is given up for another attempt is discarded.
 */
export async function repeatFetch(request: FetchRequest, first: FetchOutcome): Promise<FetchOutcome> {
  const { call } = request;
  let outcome = first;
  budgetOf(call)?.deposit();
  if (!isRepeatable(request) || isInboundRetry(call.last?.context)) return outcome;
  for (;;) {
    const waitMs = waitFor(call, outcome);
    if (waitMs === undefined || budgetOf(call)?.tryWithdraw() !== true) return outcome;
    try {
      await delay(waitMs, undefined, call.signal === undefined ? {} : { signal: call.signal });
    } catch {
      discard(outcome);
      return { error: call.signal?.reason };
    }
    // It has been waited for a Retry-After, or others have failed meanwhile.
    const state = call.last?.breaker?.state;
    if (state === 'open' || state === 'forced-open') return outcome;
    discard(outcome);
    call.retries += 1;
    outcome = await request.send().then(
      (response) => ({ response }),
      (error: unknown) => ({ error }),
    );
  }
}

/** How long to wait before another attempt, in milliseconds; undefined for none. */
function waitFor(call: FetchCall, outcome: FetchOutcome): number | undefined {
  const { last, retries, signal } = call;
  const retry = call.isTurnedAway ? undefined : last?.config?.retry;
  if (last?.breaker === undefined || retry === undefined || retries + 1 >= retry.attempts || signal?.aborted)
    return undefined;
  // Full jitter: calls that failed together are not retried together.
  const backOffMs = Math.random() * Math.min(longestBackOffMs, firstBackOffMs * 2 ** retries);
  if ('error' in outcome) {
    const isOpen = last.breaker.state === 'open' || last.breaker.state === 'forced-open';
    return connectionCodes.has(errorCodeOf(outcome.error)) && !isOpen ? backOffMs : undefined;
  }
  const { status, headers } = outcome.response;
  const retryAfterMs =
    status === 429 || status === 503 ? retryAfterOf(headers.get('retry-after'), Date.now()) : undefined;
  if (retryAfterMs !== undefined && retryAfterMs > 0) {
    // The breaker holds the upstream's word, and a little longer.
    const untilMs = Math.max(retryAfterMs, last.breaker.retryAfterMs);
    return untilMs <= longestRetryAfterMs && last.breaker.state !== 'forced-open'
      ? untilMs + backOffMs
      : undefined;
  }
  const isOpen = last.breaker.state === 'open' || last.breaker.state === 'forced-open';
  return (status === 502 || status === 503 || status === 504) && !isOpen ? backOffMs : undefined;
}

interface RatedBudget {
  readonly ratio: number;
  readonly budget: RetryBudget;
}

/** One budget for each breaker, that is for each upstream, shared by all callers. */
const budgets = new WeakMap<Breaker, RatedBudget>();
const now = () => performance.now();

function budgetOf({ last }: FetchCall): RetryBudget | undefined {
  const retry: BreakerConfig['retry'] = last?.config?.retry;
  if (last?.breaker === undefined || retry === undefined) return undefined;
  const ratio = retry.budgetRatio;
  let rated = budgets.get(last.breaker);
  if (rated?.ratio !== ratio) {
    rated = { ratio, budget: createRetryBudget({ ratio, now }) };
    budgets.set(last.breaker, rated);
  }
  return rated.budget;
}

function isRepeatable({ input, init }: FetchRequest): boolean {
  const given = (typeof input === 'object' && input !== null ? input : {}) as {
    method?: unknown;
    body?: unknown;
  };
  const method = init?.method ?? given.method ?? 'GET';
  if (!idempotentMethods.has(String(method).toUpperCase())) return false;
  const body: unknown = init?.body;
  // The body of a Request is a stream, whatever it was made from.
  if (body === undefined || body === null) return given.body === undefined || given.body === null;
  return (
    typeof body === 'string' ||
    ArrayBuffer.isView(body) ||
    types.isAnyArrayBuffer(body) ||
    repeatableBodies.has(Object.prototype.toString.call(body))
  );
}

/** Releases the connection of a response that the retry replaces. */
function discard(outcome: FetchOutcome): void {
  if ('response' in outcome) outcome.response.body?.cancel().catch(() => {});
}
