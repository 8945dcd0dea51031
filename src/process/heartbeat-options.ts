import { func, integer, oneOf, positive, record, reject, within } from '../core/check.js';
import { maxTimerMs } from '../core/timers.js';

/**
 * What a beat reports. `alive`: the service works; `failing`: the aggregate health fails; `shutdown`: the service ends in order; `crash`:
 * it ends by an uncaught exception.
 */
export type BeatKind = 'alive' | 'failing' | 'shutdown' | 'crash';

/** One beat, for a function that sends it. */
export interface Beat {
  readonly kind: BeatKind;
  /** Aborts when the time is up. */
  readonly signal: AbortSignal;
}

export interface HeartbeatOptions {
  /**
   * Where beats go: a ping URL of healthchecks.io, a push URL of Uptime Kuma, or any URL, which gets a GET while all is well and nothing
   * else. @default none
   */
  readonly url?: string;
  /** Several of them. @default [] */
  readonly urls?: readonly string[];
  /** Sends a beat in a way of your own; what it throws counts as a failed beat. @default none */
  readonly send?: (beat: Beat) => unknown;
  /** The protocol of the URLs. @default 'auto', which derives it from the URL */
  readonly form?: 'auto' | 'healthchecks' | 'uptime-kuma' | 'plain';
  /** Time between two beats, in milliseconds, ±10 %; at least 15_000 for hc-ping.com. @default 30_000 */
  readonly intervalMs?: number;
  /** How long one attempt may take, in milliseconds. @default 5_000 */
  readonly timeoutMs?: number;
  /** Further attempts after one that failed, as far as the interval has room for them. @default 2 */
  readonly retries?: number;
  /** Sends no beat unless `signals.heartbeat.progress()` was called this recently, in milliseconds. @default none */
  readonly progressWindowMs?: number;
}

export interface HeartbeatConfig {
  readonly urls: readonly URL[];
  readonly send: HeartbeatOptions['send'] | undefined;
  readonly form: 'auto' | 'healthchecks' | 'uptime-kuma' | 'plain';
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly progressWindowMs: number | undefined;
}

const known = [
  'url',
  'urls',
  'send',
  'form',
  'intervalMs',
  'timeoutMs',
  'retries',
  'progressWindowMs',
] as const satisfies readonly (keyof HeartbeatOptions)[];

/** It takes five pings a minute and refuses the rest. */
const limitedHost = 'hc-ping.com';
const leastLimitedMs = 15_000;

/**
 * The complete, frozen form of what the user gave.
 * @throws GoldenSignalsError `ERR_GS_OPTION` that names the option.
 */
export function resolveHeartbeat(given: HeartbeatOptions = {}): HeartbeatConfig {
  record('heartbeat', given, known);
  const { form = 'auto', intervalMs = 30_000, timeoutMs = 5_000, retries = 2 } = given;
  const { send, progressWindowMs } = given;
  oneOf('heartbeat.form', form, ['auto', 'healthchecks', 'uptime-kuma', 'plain']);
  within('heartbeat.intervalMs', intervalMs, 1, maxTimerMs / 2);
  within('heartbeat.timeoutMs', timeoutMs, 1, maxTimerMs);
  integer('heartbeat.retries', retries, 0);
  if (send !== undefined) func('heartbeat.send', send);
  if (progressWindowMs !== undefined) positive('heartbeat.progressWindowMs', progressWindowMs);
  const urls = given.url === undefined ? [] : [urlOf('heartbeat.url', given.url)];
  if (given.urls !== undefined) {
    if (!Array.isArray(given.urls)) reject('heartbeat.urls', 'an array of URLs', given.urls);
    for (const [index, url] of given.urls.entries()) urls.push(urlOf(`heartbeat.urls[${index}]`, url));
  }
  if (intervalMs < leastLimitedMs && urls.some(({ hostname }) => hostname === limitedHost))
    reject('heartbeat.intervalMs', `at least ${leastLimitedMs} for ${limitedHost}`, intervalMs);
  return Object.freeze({
    urls: Object.freeze(urls),
    send,
    form,
    intervalMs,
    timeoutMs,
    retries,
    progressWindowMs,
  });
}

// The URL is not shown: its end is a secret.
function urlOf(path: string, value: unknown): URL {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
    reject(path, 'an http or https URL', typeof value === 'string' ? 'a string of another form' : value);
  return url;
}
