import type { ServerResponse } from 'node:http';
import type { Context } from '@opentelemetry/api';
import { NEVER } from '../breaker/never-signal.js';
import { REQUEST_KEY } from '../context/request-context.js';
import { activeContext } from '../context/storage.js';
import { bool, record, reject } from '../core/check.js';
import type { Clock } from '../core/clock.js';
import { maxTimerMs, type Timers } from '../core/timers.js';
import { GoldenSignalsError } from '../errors.js';
import type { RequestRecord } from './request-record.js';

/** How long callers wait, and whether outgoing calls get the deadline. */
export interface DeadlineOptions {
  /** The request header in which a caller says how many milliseconds it still waits. @default 'x-request-timeout-ms' */
  readonly header?: string;
  /** Write what is left of it, or of the call's own time-out where that is less, to outgoing calls. @default false */
  readonly propagate?: boolean;
}

export type DeadlineConfig = Readonly<Required<DeadlineOptions>>;

/** @throws GoldenSignalsError `ERR_GS_OPTION` on an unknown name or what is no name of a header. */
export function resolveDeadline(given: DeadlineOptions = {}): DeadlineConfig {
  record('deadline', given, ['header', 'propagate']);
  const { header = 'x-request-timeout-ms', propagate = false } = given;
  if (typeof header !== 'string' || !/^[\w!#$%&'*+.^`|~-]+$/.test(header))
    reject('deadline.header', 'the name of a header', header);
  bool('deadline.propagate', propagate);
  return Object.freeze({ header: header.toLowerCase(), propagate });
}

/** Aborts the work for a request whose caller has gone or whose deadline has passed. */
export interface RequestSignals {
  /**
   * The signal of the request being served. It is aborted when the caller hangs up before the response is complete (reason
   * `ERR_CALLER_GONE`) or has waited as long as it said (`ERR_DEADLINE_EXCEEDED`), and never once the response has ended. Outside
   * of a request, and within one that is ignored, it is never aborted.
   */
  signal(): AbortSignal;
  /** Milliseconds that the caller of the request in this context still waits, also below 0; undefined when it did not say. */
  remainingMs(context: Context): number | undefined;
}

export interface RequestSignalsParts {
  /** Lower case. */
  readonly header: string;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** Signals are made when they are asked for: a request whose handler asks for none costs nothing. */
export function createRequestSignals({ header, clock, timers }: RequestSignalsParts): RequestSignals {
  const signals = new WeakMap<RequestRecord, AbortSignal>();

  function timeLeft({ req, startMs }: RequestRecord): number | undefined {
    const given = req.headers[header];
    if (typeof given !== 'string' || !/^\d{1,10}$/.test(given)) return undefined;
    const timeoutMs = Number(given);
    return timeoutMs > maxTimerMs ? undefined : startMs + timeoutMs - clock.now();
  }

  function create(request: RequestRecord): AbortSignal {
    const { res } = request;
    if (request.isEnded) return request.isComplete ? NEVER : AbortSignal.abort(callerGone());
    const controller = new AbortController();
    const remainingMs = timeLeft(request);
    const timer =
      remainingMs === undefined
        ? undefined
        : timers.set(
            () => {
              if (!res.writableEnded) controller.abort(deadlineExceeded());
            },
            Math.max(0, remainingMs),
          );
    res.once('close', () => {
      if (timer !== undefined) timers.clear(timer);
      if (!isComplete(res)) controller.abort(callerGone());
    });
    return controller.signal;
  }

  return {
    signal() {
      const request = recordIn(activeContext());
      if (request === undefined) return NEVER;
      let signal = signals.get(request);
      if (signal === undefined) {
        signal = create(request);
        signals.set(request, signal);
      }
      return signal;
    },
    remainingMs(context) {
      const request = recordIn(context);
      return request === undefined ? undefined : timeLeft(request);
    },
  };
}

function recordIn(context: Context): RequestRecord | undefined {
  return context.getValue(REQUEST_KEY) as RequestRecord | undefined;
}

function callerGone(): Error {
  return new GoldenSignalsError('ERR_CALLER_GONE', 'the caller has hung up before the response was complete');
}

function deadlineExceeded(): Error {
  return new GoldenSignalsError('ERR_DEADLINE_EXCEEDED', 'the caller waits no longer for the response');
}

function isComplete(res: ServerResponse): boolean {
  // The response of http2's compatibility layer has no writableFinished of its own.
  const { stream } = res as { stream?: { writableFinished?: boolean } };
  return res.writableFinished ?? stream?.writableFinished ?? res.writableEnded;
}
