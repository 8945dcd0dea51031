import { createContextKey } from '@opentelemetry/api';

/** Under this key a context says which call of `fetch` its attempts on the wire belong to. */
export const FETCH_KEY = createContextKey('golden-signals fetch');

/** One call of `fetch`, which may go out several times. */
export interface FetchCall {
  /** Attempts so far: each further one is a resend, by a redirect or a retry. */
  attempts: number;
  /** What the caller may cut it off with. */
  readonly signal: AbortSignal | undefined;
}
