import { promisify } from 'node:util';
import { gzip, gzipSync } from 'node:zlib';
import type { Clock } from '../core/clock.js';
import { isError } from '../core/is-error.js';
import type { Random } from '../core/random.js';
import type { Timers } from '../core/timers.js';
import { CollectorAgent, type CollectorAnswer } from './collector-agent.js';
import type { ExportPace } from './export-pace.js';
import { ExportError } from './failure.js';
import type { OtlpConfig } from './otlp-config.js';
import { USER_AGENT } from './own-traffic.js';
import { retryAfterMs } from './retry-after.js';
import type { Urgency } from './urgency.js';

export interface OtlpTransportParts {
  readonly config: OtlpConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly urgency: Urgency;
  /** Takes the pace that responses ask for. */
  readonly pace?: ExportPace | undefined;
  /** Called as soon as a connection fails: the export itself is retried up to its time-out. */
  readonly onUnreachable?: (error: Error) => void;
  /** Reads the answer to what was taken. Throws when no collector can have written it. */
  readonly readAnswer: (body: Buffer, contentType: string) => void;
}

/** How an export request ended. */
export type ExportResponse =
  | { readonly status: 'success' }
  | { readonly status: 'failure'; readonly error: Error }
  | { readonly status: 'retryable'; readonly error: Error; readonly retryInMillis?: number };

type Send = (timeoutMs: number) => Promise<Attempt>;

/** Where no answer came: `stale` if the kept connection had been closed by the collector, so that the request never reached it. */
type Attempt = ExportResponse & { readonly connection?: 'stale' | 'none' };

const maxRetries = 5;
const firstBackoffMs = 1_000;
const maxBackoffMs = 5_000;
const retryableStatus: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const retryableErrors: ReadonlySet<unknown> = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENOTFOUND',
  'ENETUNREACH',
  'EHOSTUNREACH',
]);
const compressed = promisify(gzip);

/**
 * Carries export requests over HTTP. The official transport waits for a retry and for an answer with handles that keep the process
 * alive, up to ten seconds after its work is done (measured); with this one it ends, unless a flush is waited for.
 * @see OpenTelemetry, "OTLP/HTTP": which answers are to be retried, and when
 */
export class OtlpTransport {
  readonly #parts: OtlpTransportParts;
  readonly #collector: CollectorAgent;
  readonly #pauses = new Set<() => void>();
  #isClosed = false;

  constructor(parts: OtlpTransportParts) {
    this.#parts = parts;
    this.#collector = new CollectorAgent(parts.config.url, parts.config.tls);
  }

  async send(data: Uint8Array, timeoutMs: number): Promise<ExportResponse> {
    const { clock } = this.#parts;
    const deadline = clock.now() + timeoutMs;
    // In the same tick if possible: a process that is ending may have no other.
    const send = this.#prepare(this.#isCompressed ? await this.#compress(data) : data);
    // It would open connections still.
    if (this.#isClosed) return { status: 'failure', error: new ExportError('no answer before the shutdown') };
    let result = await send(timeoutMs);
    for (let retry = 0; retry < maxRetries && this.#isWorthIt(result); retry += 1) {
      const pauseMs = result.connection === 'stale' ? 0 : this.#pauseMs(result, retry);
      if (clock.now() + pauseMs >= deadline) break;
      if (pauseMs > 0) await this.#pause(pauseMs);
      if (this.#isClosed) break;
      result = await send(deadline - clock.now());
      // The second time, a second after the first: a collector that restarts is back by then, most often.
      if (retry === 0 && result.status === 'retryable' && result.connection === 'none')
        this.#parts.onUnreachable?.(result.error);
    }
    return result;
  }

  /** Gives up what is under way. */
  shutdown(): void {
    this.#isClosed = true;
    for (const end of this.#pauses) end();
    this.#collector.destroy();
  }

  get #isCompressed(): boolean {
    return this.#parts.config.compression === 'gzip';
  }

  #compress(data: Uint8Array): Uint8Array | Promise<Uint8Array> {
    return this.#parts.urgency.isOn ? gzipSync(data) : compressed(data);
  }

  #prepare(body: Uint8Array): Send {
    const { headers: given, protocol } = this.#parts.config;
    const headers = {
      ...given,
      'content-type': protocol === 'http/json' ? 'application/json' : 'application/x-protobuf',
      'content-length': String(body.length),
      'user-agent': USER_AGENT,
      ...(this.#isCompressed ? { 'content-encoding': 'gzip' } : {}),
    };
    return (timeoutMs) => this.#attempt(headers, body, timeoutMs);
  }

  #attempt(headers: Readonly<Record<string, string>>, body: Uint8Array, timeoutMs: number): Promise<Attempt> {
    const { config, timers } = this.#parts;
    return new Promise((resolve) => {
      const req = this.#collector.post(headers, body, (outcome) => {
        timers.clear(timer);
        this.#parts.pace?.follow(isError(outcome) ? undefined : outcome.headers);
        if (isError(outcome)) resolve(this.#failureOf(outcome, req.reusedSocket));
        else resolve(this.#resultOf(outcome));
      });
      const timer = timers.set(
        () => req.destroy(new ExportError(`no answer within ${config.timeoutMs} ms`)),
        timeoutMs,
      );
    });
  }

  #failureOf(error: NodeJS.ErrnoException, isReused: boolean): Attempt {
    if (this.#isClosed) return { status: 'failure', error: new ExportError('no answer before the shutdown') };
    // What Node's parser makes of the bytes of something else.
    if (error.code?.startsWith('HPE_') === true)
      return { status: 'failure', error: new ExportError('what answers there does not speak HTTP') };
    if (!retryableErrors.has(error.code)) return { status: 'failure', error };
    return { status: 'retryable', error, connection: isReused ? 'stale' : 'none' };
  }

  #resultOf({ statusCode, headers, body }: CollectorAnswer): ExportResponse {
    if (statusCode >= 200 && statusCode < 300) {
      try {
        if (body !== undefined && body.length > 0)
          this.#parts.readAnswer(body, headers['content-type'] ?? '');
        return { status: 'success' };
      } catch {
        return { status: 'failure', error: new ExportError('what answers there is no collector') };
      }
    }
    const error = new ExportError(`status ${statusCode}`);
    if (!retryableStatus.has(statusCode)) return { status: 'failure', error };
    const retryInMillis = retryAfterMs(headers['retry-after'], this.#parts.clock.epochMs());
    return { status: 'retryable', error, ...(retryInMillis === undefined ? {} : { retryInMillis }) };
  }

  #isWorthIt({ status, connection }: Attempt): boolean {
    if (status !== 'retryable' || this.#isClosed) return false;
    return connection !== 'none' || !this.#parts.urgency.isOn;
  }

  #pauseMs(result: Attempt, retry: number): number {
    if (result.status === 'retryable' && result.retryInMillis !== undefined) return result.retryInMillis;
    const jitter = 0.8 + this.#parts.random() * 0.4;
    return Math.min(firstBackoffMs * 1.5 ** retry * jitter, maxBackoffMs);
  }

  #pause(ms: number): Promise<void> {
    const { timers, urgency } = this.#parts;
    return new Promise((resolve) => {
      const end = () => {
        urgency.pauseEnded(end);
        this.#pauses.delete(end);
        timers.clear(timer);
        resolve();
      };
      const timer = timers.set(end, ms);
      urgency.cutsShort(end);
      this.#pauses.add(end);
    });
  }
}
