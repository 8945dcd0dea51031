import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context } from '@opentelemetry/api';
import { activeContext, applyInContext } from '../context/storage.js';
import type { Clock } from '../core/clock.js';
import type { Faults } from '../core/faults.js';
import { isError } from '../core/is-error.js';
import type { Method } from '../metrics/http-methods.js';
import type { Scheme, ServerRed } from '../metrics/server-red.js';
import { noteException } from './exceptions.js';
import { readForwarded } from './forwarded.js';
import type { InFlight } from './in-flight.js';
import { finishWithConnection, forgetQueued } from './queued-responses.js';
import { attachRecord, type RequestOwner, RequestRecord } from './request-record.js';
import type { RequestTracing } from './request-tracing.js';

export interface RequestRecorderParts {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly methodOf: (method: string | undefined) => Method;
  readonly tracing: RequestTracing;
  readonly red: ServerRed | undefined;
  readonly inFlight: Pick<InFlight, 'add' | 'remove' | 'follow'>;
  readonly isIgnored: ((req: IncomingMessage) => boolean) | undefined;
  /** Hears of exceptions that end a request; undefined where nobody wants to know. Must not throw. */
  readonly onException: ((thrown: unknown, context: Context) => void) | undefined;
  readonly isRestarted: ((req: IncomingMessage) => boolean) | undefined;
  /** Asks whether others observe a request too; undefined where the SDK is ours. */
  readonly isElsewhere?: ((context: Context, server: unknown) => boolean) | undefined;
}

type Emit = (this: unknown, ...args: unknown[]) => unknown;

/** Begins a record when a request arrives, runs everything behind it in the request's context, and ends it with the response. */
export class RequestRecorder implements RequestOwner {
  readonly #parts: RequestRecorderParts;
  /** True once it has failed so often that it leaves requests alone. */
  #isOff: boolean;

  constructor(parts: RequestRecorderParts) {
    this.#parts = parts;
    this.#isOff = false;
  }

  /** Calls `proceed` as a method of `self` with the arguments, in the context of the request. Throws only what `proceed` throws. */
  run(req: IncomingMessage, res: ServerResponse, proceed: Emit, self: unknown, args: unknown[]): unknown {
    if (this.#isOff || this.#asks('ignore', this.#parts.isIgnored, req))
      return this.leaveAlone(req, res, proceed, self, args);
    const record = this.#tryToBegin(req, res);
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
    inFlight.follow(req, res);
    if (this.#isOff) return proceed.apply(self, args);
    let context: Context;
    try {
      attachRecord(req, null);
      context = tracing.passThrough(req.headers);
    } catch (error) {
      this.#caught('server.begin', error);
      return proceed.apply(self, args);
    }
    return applyInContext(context, proceed, self, args);
  }

  #tryToBegin(req: IncomingMessage, res: ServerResponse): RequestRecord | undefined {
    try {
      return this.#begin(req, res);
    } catch (error) {
      this.#caught('server.begin', error);
      return undefined;
    }
  }

  #begin(req: IncomingMessage, res: ServerResponse): RequestRecord {
    const { clock, methodOf, tracing, red, isRestarted, inFlight, isElsewhere } = this.#parts;
    const startMs = clock.now();
    const record = new RequestRecord(
      this,
      req,
      res,
      startMs,
      methodOf(req.method),
      schemeOf(req),
      versionOf(req),
    );
    if (isElsewhere !== undefined)
      record.isElsewhere = isElsewhere(activeContext(), (req.socket as { server?: unknown } | null)?.server);
    const context = tracing.begin(record, this.#asks('edge', isRestarted, req));
    record.context = context;
    attachRecord(req, record);
    inFlight.add(record);
    req.emit = requestEmitterIn(context, record, req.emit as Emit);
    res.emit = responseEmitterIn(context, record, res.emit as Emit);
    record.active = red?.begin(record.method, record.scheme);
    if (res.socket === null) finishWithConnection(record);
    return record;
  }

  /** Asks a function of the user's. One that throws ignores no request, and trusts no caller. */
  #asks(
    option: 'ignore' | 'edge',
    question: ((req: IncomingMessage) => boolean) | undefined,
    req: IncomingMessage,
  ): boolean {
    if (question === undefined) return false;
    const { faults } = this.#parts;
    try {
      if (faults.isUsable(option)) return question(req);
    } catch (error) {
      faults.caught(option, error);
    }
    return option === 'edge';
  }

  #caught(place: string, error: unknown): void {
    const { faults } = this.#parts;
    faults.caught(place, error);
    if (!faults.isUsable(place)) this.#isOff = true;
  }

  finish(record: RequestRecord): void {
    if (record.isEnded) return;
    record.isEnded = true;
    try {
      if (record.isQueued) forgetQueued(record);
      this.#end(record);
    } catch (error) {
      this.#caught('server.end', error);
    }
    this.#parts.inFlight.remove(record);
  }

  threw(thrown: unknown, { context }: RequestRecord): void {
    if (context !== undefined) this.#parts.onException?.(thrown, context);
  }

  #end(record: RequestRecord): void {
    const { clock, tracing, red } = this.#parts;
    const endMs = clock.now();
    const { res } = record;
    record.statusCode = res.headersSent && !record.isUnsent ? res.statusCode : 0;
    record.errorType ??= errorTypeOf(record);
    record.route = record.reader?.routeOf(record);
    if (record.active !== undefined) red?.end(record.active, record, (endMs - record.startMs) / 1_000);
    tracing.end(record, endMs);
  }
}

/**
 * Events of the body and of the close come from the parser and the socket, outside of the context that the handler had: their
 * listeners are called in it. Most events have none, or come out of what the handler did. One function for each request, because
 * looking its context up costs more, once for each event. `emit` is the one it had before: a class of the user's or another tool may
 * have its own.
 */
function requestEmitterIn(context: Context, record: RequestRecord, emit: Emit): IncomingMessage['emit'] {
  const emitOfRequest: Emit = function (this, ...args) {
    return isOutside(context, this as EventEmitter, args[0]) && !isLeftover(record, args[0])
      ? applyInContext(context, emit, this, args)
      : emit.apply(this, args);
  };
  return emitOfRequest as IncomingMessage['emit'];
}

/** Ends the record before the application hears of the close. A listener would cost more, and an application can remove it. */
function responseEmitterIn(context: Context, record: RequestRecord, emit: Emit): ServerResponse['emit'] {
  const emitOfResponse: Emit = function (this, ...args) {
    if (args[0] === 'close') record.owner.finish(record);
    return isOutside(context, this as EventEmitter, args[0])
      ? applyInContext(context, emit, this, args)
      : emit.apply(this, args);
  };
  return emitOfResponse as ServerResponse['emit'];
}

/** Whether somebody listens who would not hear of the event in the context. */
function isOutside(context: Context, message: EventEmitter, event: unknown): boolean {
  return context !== activeContext() && message.listenerCount(event as string) > 0;
}

/** The end of a request without a body that nobody has read by the close of its response: Node discards it then, and listens itself. */
function isLeftover({ isEnded, req }: RequestRecord, event: unknown): boolean {
  if (!isEnded || event !== 'end') return false;
  const { headers } = req;
  return headers['content-length'] === undefined && headers['transfer-encoding'] === undefined;
}

function schemeOf(req: IncomingMessage): Scheme {
  const { headers } = req;
  if (headers.forwarded !== undefined || headers['x-forwarded-proto'] !== undefined) {
    const { proto } = readForwarded(headers);
    if (proto === 'https' || proto === 'http') return proto;
  }
  return (req.socket as { encrypted?: boolean } | undefined)?.encrypted === true ? 'https' : 'http';
}

function versionOf(req: IncomingMessage): string | undefined {
  const { httpVersion } = req;
  return httpVersion === '2.0' ? '2' : httpVersion;
}

/** What the compatibility API of http2 has beside a response of HTTP/1, and lacks. */
interface Http2Response {
  readonly stream?: { readonly errored?: Error | null; readonly aborted: boolean; readonly rstCode: number };
}

/**
 * A status of 500 and above, as a string; what the response was destroyed with; or ECONNRESET for a caller that hung up before the
 * response was complete. A stream of server-sent events has no other end than that, so it is none.
 */
function errorTypeOf(record: RequestRecord): string | undefined {
  const { res, statusCode } = record;
  if (statusCode >= 500) return String(statusCode);
  if (isComplete(record)) return undefined;
  const errored = res.errored ?? (res as Http2Response).stream?.errored;
  if (errored) return typeOfError(errored);
  return statusCode !== 0 && isEventStream(res) ? undefined : 'ECONNRESET';
}

function isComplete({ req, res }: RequestRecord): boolean {
  const { stream } = res as Http2Response;
  if (stream !== undefined) return res.writableEnded && !stream.aborted && stream.rstCode === 0;
  // Node 20 says so too of a response whose last bytes the connection has failed to take.
  if (res.writableFinished) return !req.socket?.errored;
  // A request that was made up, by a test or for a function in the cloud, has no connection that could take anything.
  return res.writableEnded && typeof req.socket?.connect !== 'function';
}

function isEventStream(res: ServerResponse): boolean {
  // Headers that went to writeHead() alone are nowhere but in what was sent.
  const { _header: sent } = res as { _header?: string | null };
  const type = res.getHeader('content-type') ?? /^content-type: *(.*)$/im.exec(sent ?? '')?.[1];
  return String(type).startsWith('text/event-stream');
}

/** A name of low cardinality for anything thrown: its code, else its class. */
function typeOfError(error: unknown): string {
  if (!isError(error)) return '_OTHER';
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && code !== '' ? code : error.name;
}
