import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Context } from '@opentelemetry/api';
import { runInContext } from '../context/storage.js';
import type { Clock } from '../core/clock.js';
import type { Faults } from '../core/faults.js';
import type { Method } from '../metrics/http-methods.js';
import type { Scheme, ServerRed } from '../metrics/server-red.js';
import { noteException } from './exceptions.js';
import { readForwarded } from './forwarded.js';
import { finishWithConnection, forgetQueued } from './queued-responses.js';
import { attachRecord, type RequestOwner, RequestRecord, recordOf } from './request-record.js';
import type { RequestTracing } from './request-tracing.js';

export interface RequestRecorderParts {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly methodOf: (method: string | undefined) => Method;
  readonly tracing: RequestTracing;
  readonly red: ServerRed | undefined;
  readonly isIgnored: ((req: IncomingMessage) => boolean) | undefined;
  /** Hears of exceptions that end a request; undefined where nobody wants to know. Must not throw. */
  readonly onException: ((thrown: unknown, context: Context) => void) | undefined;
  readonly isRestarted: ((req: IncomingMessage) => boolean) | undefined;
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
    if (this.#isOff) return proceed.apply(self, args);
    let record: RequestRecord | undefined;
    let context: RequestRecord['context'];
    try {
      if (this.#asks('ignore', this.#parts.isIgnored, req)) {
        attachRecord(req, null);
        context = this.#parts.tracing.passThrough(req.headers);
      } else {
        record = this.#begin(req, res);
        context = record.context;
      }
    } catch (error) {
      this.#caught('server.begin', error);
    }
    if (context === undefined) return proceed.apply(self, args);
    if (record === undefined) return runInContext(context, proceed, self, ...args);
    try {
      return runInContext(context, proceed, self, ...args);
    } catch (error) {
      record.errorType = typeOfError(error);
      noteException(req, error);
      throw error;
    }
  }

  #begin(req: IncomingMessage, res: ServerResponse): RequestRecord {
    const { clock, methodOf, tracing, red, isRestarted } = this.#parts;
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
    record.context = tracing.begin(record, this.#asks('edge', isRestarted, req));
    attachRecord(req, record);
    attachRecord(res, record);
    // Events of the body and of the close come from the parser and the socket, outside of the context that the handler had.
    req.emit = emitInContext;
    res.emit = emitInContext;
    record.active = red?.begin(record.method, record.scheme);
    res.on('close', finishOnClose);
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

function finishOnClose(this: ServerResponse): void {
  const record = recordOf(this);
  record?.owner.finish(record);
}

function emitInContext(this: EventEmitter, ...args: unknown[]): boolean {
  const context = recordOf(this)?.context;
  const emit = EventEmitter.prototype.emit as Emit;
  if (context === undefined) return emit.apply(this, args) as boolean;
  return runInContext(context, emit, this, ...args) as boolean;
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
  return res.writableEnded && !(req.socket instanceof Socket);
}

function isEventStream(res: ServerResponse): boolean {
  // Headers that went to writeHead() alone are nowhere but in what was sent.
  const { _header: sent } = res as { _header?: string | null };
  const type = res.getHeader('content-type') ?? /^content-type: *(.*)$/im.exec(sent ?? '')?.[1];
  return String(type).startsWith('text/event-stream');
}

/** A name of low cardinality for anything thrown: its code, else its class. */
function typeOfError(error: unknown): string {
  if (!(error instanceof Error)) return '_OTHER';
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && code !== '' ? code : error.name;
}
