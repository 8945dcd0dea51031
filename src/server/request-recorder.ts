import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Context } from '@opentelemetry/api';
import { rootContext } from '../context/derived-context.js';
import { REQUEST_KEY } from '../context/request-context.js';
import { activeContext, applyInContext } from '../context/storage.js';
import type { Clock } from '../core/clock.js';
import type { Faults } from '../core/faults.js';
import { isError } from '../core/is-error.js';
import type { Method } from '../metrics/http-methods.js';
import type { Scheme, ServerRed } from '../metrics/server-red.js';
import { noteException } from './exceptions.js';
import { followResponse } from './follow-response.js';
import { type Forwarded, notForwarded, readForwarded } from './forwarded.js';
import { followIgnored } from './ignored-request.js';
import type { InFlight } from './in-flight.js';
import { forgetQueued } from './queued-responses.js';
import { isForWebSocket, watchRawAnswer } from './raw-answer.js';
import { attachRecord, type RequestOwner, RequestRecord } from './request-record.js';
import type { RequestTracing } from './request-tracing.js';
import { failureOf, isComplete, isEventStream, sentStatusOf } from './sent-response.js';

export interface RequestRecorderParts {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly methodOf: (method: string | undefined) => Method;
  readonly tracing: RequestTracing;
  readonly red: ServerRed | undefined;
  readonly inFlight: Pick<InFlight, 'add' | 'remove' | 'upgraded'>;
  readonly isIgnored: ((req: IncomingMessage) => boolean) | undefined;
  /** Called with exceptions that end a request; undefined where they are not recorded. Must not throw. */
  readonly onException: ((thrown: unknown, context: Context) => void) | undefined;
  readonly isRestarted: ((req: IncomingMessage) => boolean) | undefined;
  /** Asks whether others observe a request too; undefined where the SDK is ours. */
  readonly isElsewhere?: ((context: Context, server: unknown) => boolean) | undefined;
}

type Emit = (this: unknown, ...args: unknown[]) => unknown;

/** Begins a record when a request arrives, runs everything behind it in the request's context, and ends it with the response. */
export class RequestRecorder implements RequestOwner {
  readonly #parts: RequestRecorderParts;

  constructor(parts: RequestRecorderParts) {
    this.#parts = parts;
  }

  /** Calls `proceed` as a method of `self` with the arguments, in the context of the request. Throws only what `proceed` throws. */
  run(req: IncomingMessage, res: ServerResponse, proceed: Emit, self: unknown, args: unknown[]): unknown {
    const record = this.#asks('ignore', this.#parts.isIgnored, req)
      ? undefined
      : this.#tryToBegin(req, res, self);
    if (record?.context === undefined) return this.leaveAlone(req, res, proceed, self, args);
    try {
      return applyInContext(record.context, proceed, self, args);
    } catch (error) {
      record.errorType = typeOfError(error);
      noteException(req, error);
      throw error;
    }
  }

  /** Leaves a request alone; what its caller sent is still passed on to the services behind. */
  leaveAlone(
    req: IncomingMessage,
    res: ServerResponse,
    proceed: Emit,
    self: unknown,
    args: unknown[],
  ): unknown {
    const { inFlight, tracing } = this.#parts;
    let context: Context;
    try {
      attachRecord(req, null);
      followIgnored(inFlight, req, res, self);
      context = tracing.passThrough(req.headers);
    } catch (error) {
      this.#parts.faults.caught('server.begin', error);
      return proceed.apply(self, args);
    }
    return applyInContext(context, proceed, self, args);
  }

  #tryToBegin(req: IncomingMessage, res: ServerResponse, self: unknown): RequestRecord | undefined {
    try {
      return this.#begin(req, res, self);
    } catch (error) {
      this.#parts.faults.caught('server.begin', error);
      return undefined;
    }
  }

  #begin(req: IncomingMessage, res: ServerResponse, self: unknown): RequestRecord {
    const { clock, methodOf, inFlight, isElsewhere } = this.#parts;
    const startMs = clock.now();
    const { headers } = req;
    const forwarded = tryToReadForwarded(headers);
    const record = new RequestRecord(
      this,
      req,
      res,
      headers,
      forwarded,
      startMs,
      methodOf(req.method),
      schemeOf(req, forwarded),
      versionOf(req),
    );
    if (isElsewhere !== undefined)
      record.isElsewhere = isElsewhere(activeContext(), (req.socket as { server?: unknown } | null)?.server);
    record.context = this.#contextOf(record);
    try {
      attachRecord(req, record);
      followResponse(record, self);
      inFlight.add(record);
      if (res.socket && isForWebSocket(record)) watchRawAnswer(record, inFlight);
    } catch (error) {
      // What already follows it must not end what has not begun.
      record.isEnded = true;
      throw error;
    }
    this.#count(record);
    return record;
  }

  #count(record: RequestRecord): void {
    try {
      record.active = this.#parts.red?.begin(record.method, record.scheme);
    } catch (error) {
      this.#parts.faults.caught('server.count', error);
    }
  }

  /** A request whose trace cannot be begun is counted all the same. */
  #contextOf(record: RequestRecord): Context {
    const { tracing, isRestarted, faults } = this.#parts;
    try {
      return tracing.begin(record, this.#asks('edge', isRestarted, record.req));
    } catch (error) {
      faults.caught('server.trace', error);
      return rootContext.setValue(REQUEST_KEY, record);
    }
  }

  /** Asks a function of the user's. One that throws ignores no request, and trusts no caller. */
  #asks(
    option: 'ignore' | 'edge',
    question: ((req: IncomingMessage) => boolean) | undefined,
    req: IncomingMessage,
  ): boolean {
    if (question === undefined) return false;
    try {
      return question(req);
    } catch (error) {
      this.#parts.faults.caught(option, error);
      return option === 'edge';
    }
  }

  finish(record: RequestRecord): void {
    if (record.isEnded) return;
    record.isEnded = true;
    const { faults, inFlight } = this.#parts;
    try {
      if (record.isQueued) forgetQueued(record);
      this.#end(record);
    } catch (error) {
      faults.caught('server.end', error);
    }
    try {
      inFlight.remove(record);
    } catch (error) {
      faults.caught('server.end', error);
    }
    record.release();
  }

  threw(thrown: unknown, { context }: RequestRecord): void {
    if (context !== undefined) this.#parts.onException?.(thrown, context);
  }

  #end(record: RequestRecord): void {
    const { clock, tracing, red } = this.#parts;
    const endMs = clock.now();
    this.#readResponse(record);
    record.route = this.#routeOf(record);
    // An exemplar points to a trace that is exported, which may be decided only here.
    tracing.end(record, endMs);
    if (record.active !== undefined) red?.end(record.active, record, (endMs - record.startMs) / 1_000);
  }

  /** A response that cannot be read has ended all the same, and so has one whose route cannot. */
  #readResponse(record: RequestRecord): void {
    try {
      record.statusCode ||= sentStatusOf(record);
      record.isComplete ||= isComplete(record);
      record.errorType ??= errorTypeOf(record);
    } catch (error) {
      this.#parts.faults.caught('server.response', error);
    }
  }

  #routeOf(record: RequestRecord): string | undefined {
    try {
      return record.reader?.routeOf(record);
    } catch (error) {
      this.#parts.faults.caught('server.route', error);
      return undefined;
    }
  }
}

function schemeOf(req: IncomingMessage, { proto }: Forwarded): Scheme {
  if (proto === 'https' || proto === 'http') return proto;
  return (req.socket as { encrypted?: boolean } | undefined)?.encrypted === true ? 'https' : 'http';
}

/** Of a request that was made up the headers may be anything. */
function tryToReadForwarded(headers: IncomingHttpHeaders): Forwarded {
  try {
    return readForwarded(headers);
  } catch {
    return notForwarded;
  }
}

function versionOf(req: IncomingMessage): string | undefined {
  // Null in a request that was made up.
  const httpVersion = (req.httpVersion as string | null) ?? undefined;
  return httpVersion === '2.0' ? '2' : httpVersion;
}

/**
 * A status of 500 and above, as a string; what the response was destroyed with; or ECONNRESET for a caller that hung up before the
 * response was complete. A stream of server-sent events always ends that way, so for it that is no error.
 */
function errorTypeOf({ res, statusCode, isComplete }: RequestRecord): string | undefined {
  if (statusCode >= 500) return String(statusCode);
  if (isComplete) return undefined;
  const failure = failureOf(res);
  if (failure) return typeOfError(failure);
  return statusCode !== 0 && isEventStream(res) ? undefined : 'ECONNRESET';
}

/** A name of low cardinality for anything thrown: its code, else its class. */
function typeOfError(error: unknown): string {
  if (!isError(error)) return '_OTHER';
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && code !== '' ? code : error.name;
}
