import { createContextKey } from '@opentelemetry/api';
import type { OutboundCall } from '../outbound-call.js';

/** Under this key a context says which call of `fetch` its attempts on the wire belong to. */
export const FETCH_KEY = createContextKey('golden-signals fetch');

/** One call of `fetch`, which may go out several times. */
export class FetchCall {
  /** What the caller may cut it off with. */
  readonly signal: AbortSignal | undefined;
  /** Attempts so far: each further one is a resend, by a redirect or a retry. */
  attempts: number;
  /** How many of them began with a retry of ours. */
  retries: number;
  /** The newest of them. */
  last: OutboundCall | undefined;
  /** The breaker has turned an attempt away: what it came to is no answer of the upstream. */
  isTurnedAway: boolean;

  constructor(signal: AbortSignal | undefined) {
    this.signal = signal;
    this.attempts = 0;
    this.retries = 0;
    this.last = undefined;
    this.isTurnedAway = false;
  }
}
