import { channel } from 'node:diagnostics_channel';
import type { Context } from '@opentelemetry/api';
import { activeContext } from '../../context/storage.js';
import { isSuppressed } from '../../context/suppressed.js';
import type { Faults } from '../../core/faults.js';
import { patch } from '../../core/patch.js';
import { takeChannel } from '../../core/take-over.js';
import { isEventStream } from '../event-stream.js';
import { FETCH_KEY, type FetchCall } from '../fetch/fetch-call.js';
import { isRejection } from '../is-rejection.js';
import { OpenAnswer } from '../open-answer.js';
import type { Outbound } from '../outbound.js';
import type { OutboundCall } from '../outbound-call.js';
import type { OutboundRouter } from '../outbound-router.js';
import { resendCountOf } from '../resend.js';
import {
  type Authority,
  createSocketTarget,
  createTargetAt,
  knownOrigin,
  namedAuthority,
  type Target,
} from '../target.js';
import { answerDispatch } from './answer.js';
import { connectionOf, noteConnection, UndiciConnection } from './connection.js';
import { dispatcherPrototypes, isLeaf, originOfClient } from './copies.js';
import {
  type Dispatch,
  type DispatchHandler,
  type DispatchOptions,
  noteContext,
  notedContext,
  rejectDispatch,
  reportUpgrade,
} from './dispatch.js';
import { isAbortedByCaller, isOfBody, socketPathIn } from './failure.js';
import {
  abortRequest,
  type CoreRequest,
  callOf,
  followRedirect,
  followRequest,
  headerOf,
  releaseCall,
  undiciHeaders,
} from './request.js';

/**
 * Sends every call of undici through the outbound pipeline, those of the built-in `fetch` and of every installed copy. The breaker is
 * asked where a client of one origin takes a call, before there is a socket; later events come from undici's diagnostics channels.
 */
export class UndiciClients {
  readonly #router: OutboundRouter;
  readonly #faults: Faults;
  readonly #patched = new WeakSet<object>();
  /** The classes of requests that came past no patched dispatch, and whose copy was looked for. */
  readonly #searchedFor = new WeakSet<object>();
  /** The call whose dispatch is running, until the channel says which request it became. */
  #dispatching: OutboundCall | undefined;
  /** How many calls have come to a client of one origin. */
  #reached = 0;
  /** The Unix domain sockets that clients connect to. */
  readonly #sockets = new WeakMap<object, string>();
  /** Why tunnels through proxies could not be made: the calls that they were for end with the same errors. */
  readonly #ofTunnels = new WeakSet<object>();
  /** True where the headers of that call hold trace context that the caller wrote. */
  #isContextGiven = false;
  readonly #onCreateMessage: (message: unknown) => void;
  /** The request whose exchange has ended last. */
  #ended: CoreRequest | undefined;

  constructor(router: OutboundRouter, faults: Faults) {
    this.#router = router;
    this.#faults = faults;
    this.#onCreateMessage = this.#subscribe('undici:request:create', (message) =>
      this.#onCreate(message.request),
    );
    this.#subscribe('undici:client:sendHeaders', ({ request, socket }) => {
      const call = callOf(request);
      if (call === undefined || typeof socket !== 'object' || socket === null) return;
      const known = connectionOf(socket);
      call.isReusedSocket = known !== undefined;
      const connection = known ?? noteConnection(socket);
      call.protocolVersion = connection.protocolVersion;
      call.peer = connection;
      if (connection.path !== undefined) this.#moveToSocket(call, connection.path);
    });
    this.#subscribe('undici:request:headers', ({ request, response }) => {
      const call = callOf(request);
      if (call === undefined || response === undefined) return;
      const { statusCode, headers } = response;
      // 103 Early Hints and their like are not the answer.
      if (statusCode < 200 && statusCode !== 101) return;
      const retryAfter =
        statusCode === 429 || statusCode === 503 ? headerOf(headers, 'retry-after') : undefined;
      call.owner.responded(call, statusCode, retryAfter, undefined);
      if (call.isMetered) {
        if (isEventStream(headerOf(headers, 'content-type'))) call.owner.streamed(call);
        if (call.peer instanceof UndiciConnection) call.reader = call.peer;
      }
      if (statusCode >= 300 && statusCode < 400 && !isGlobalFetch(call))
        followRedirect(request, call, statusCode, headers);
      else if (statusCode === 101) call.owner.completed(call);
    });
    this.#subscribe('undici:request:trailers', ({ request }) => {
      const call = callOf(request);
      if (call === undefined) return;
      call.owner.completed(call);
      // Not this one yet: a handler that repeats its request does so at the end of the response, and the error it makes comes then.
      if (this.#ended !== undefined) releaseCall(this.#ended);
      this.#ended = request;
    });
    this.#subscribe('undici:request:error', ({ request, error }) => {
      const call = callOf(request);
      if (call === undefined) return;
      if (call.target.method === 'CONNECT') this.#noteTunnel(error);
      const path = socketPathIn(error);
      if (path !== undefined) this.#moveToSocket(call, path);
      call.isElsewhere ||= this.#isOfTunnel(error) || isOfBody(request, error);
      call.isCallerAbort ||= isAbortedByCaller(call, error);
      call.owner.failed(call, error);
      releaseCall(request);
    });
    this.lookForCopies();
  }

  /** Finds the copies of undici that have been loaded since. */
  lookForCopies(): void {
    for (const prototype of dispatcherPrototypes()) this.#patch(prototype);
  }

  #patch(prototype: { dispatch: Dispatch }): void {
    if (this.#patched.has(prototype)) return;
    this.#patched.add(prototype);
    const clients = this;
    patch<Dispatch>(prototype, 'dispatch', (original) => {
      const beneath = original();
      return function dispatch(this: object, options, handler) {
        return clients.#dispatch(this, beneath, options, handler);
      };
    });
  }

  #dispatch(client: object, original: Dispatch, options: DispatchOptions, handler: DispatchHandler): boolean {
    if (!isLeaf(client)) return this.#handOn(client, original, options, handler);
    this.#reached += 1;
    let call: OutboundCall | undefined;
    try {
      call = this.#begin(options, this.#placeOf(client, options), notedContext(handler) ?? activeContext());
      if (call !== undefined) {
        call.client = client;
        if (isUpgrade(options)) reportUpgrade(handler, call);
      }
    } catch (error) {
      // A client that takes no calls any more says so itself.
      if (isRejection(error) && !isClosed(client)) {
        return error instanceof OpenAnswer
          ? answerDispatch(options, handler, error)
          : rejectDispatch(handler, error);
      }
      if (!isRejection(error)) this.#faults.caught('client.undici', error);
    }
    if (call === undefined) return original.call(client, options, handler);
    if (call.owner.isBeside) {
      this.#isContextGiven = hasHeader(options.headers, 'traceparent');
      this.listenLast();
    }
    const outer = this.#dispatching;
    this.#dispatching = call;
    try {
      return original.call(client, options, handler);
    } finally {
      // Never made: the options were wrong, or the client is closed. undici reports that to the caller.
      const wasMade = this.#dispatching !== call;
      this.#dispatching = outer;
      if (!wasMade) this.#dropped(call);
    }
  }

  #dropped(call: OutboundCall): void {
    try {
      call.isCallerAbort = true;
      call.owner.failed(call, undefined);
    } catch (error) {
      this.#faults.caught('client.undici', error);
    }
  }

  /** A pool or an agent hands a call on to one of its clients: most often at once, else it keeps it waiting. */
  #handOn(pool: object, original: Dispatch, options: DispatchOptions, handler: DispatchHandler): boolean {
    const before = this.#reached;
    const isTaken = original.call(pool, options, handler);
    try {
      if (this.#reached === before) noteContext(handler, activeContext());
    } catch (error) {
      this.#faults.caught('client.undici', error);
    }
    return isTaken;
  }

  #begin(
    options: DispatchOptions,
    from: Authority | undefined,
    context: Context,
    canBeAnswered = true,
  ): OutboundCall | undefined {
    if (from === undefined || isSuppressed(context)) return undefined;
    const outbound = this.#router.outboundFor(context);
    if (outbound === undefined) return undefined;
    const { method = 'GET', path = '/', signal } = options;
    const target = createTargetAt(from, method, path);
    const fetchCall = context.getValue(FETCH_KEY) as FetchCall | undefined;
    if (fetchCall === undefined) {
      const call = outbound.begin(target, context, resendCountOf(context, target), true, canBeAnswered);
      if (isAbortSignal(signal)) call.signal = signal;
      return call;
    }
    const call = beginAttempt(outbound, target, context, fetchCall, canBeAnswered);
    call.signal = fetchCall.signal;
    call.retries = fetchCall.retries;
    fetchCall.attempts += 1;
    fetchCall.last = call;
    return call;
  }

  #onCreate(request: CoreRequest): void {
    const call = this.#dispatching ?? this.#beginUnseen(request);
    this.#dispatching = undefined;
    if (call === undefined) return;
    try {
      if (request.path !== call.target.path) completePath(call, request.path);
      if (call.owner.isBeside) this.#traceUnlessElsewhere(call, request);
      followRequest(request, call);
      call.owner.writeHeaders(call, request, undiciHeaders);
      call.owner.startDeadline(call, request, abortRequest);
    } catch (error) {
      releaseCall(request);
      call.owner.abandon(call);
      throw error;
    }
  }

  /**
   * Where a client's calls go. It is looked up by the origin that each of them names, and not kept on the client: a property of ours
   * would come in between undici's own at another time for each client, and where clients differ in shape, every look at one of
   * undici's pools becomes a search (measured: 0.7 us of a call).
   */
  #placeOf(client: object, options: DispatchOptions): Authority | undefined {
    const origin = originOf(options, client);
    const place = origin === undefined ? undefined : knownOrigin(origin);
    if (place === undefined) return undefined;
    const { servername } = options;
    // An interceptor that looks names up itself puts an address in their place.
    if (typeof servername === 'string' && servername !== '') return namedAuthority(place, servername);
    const path = place.hasSockets ? this.#sockets.get(client) : undefined;
    return path === undefined ? place : createSocketTarget('', place.scheme, path, '').authority;
  }

  /** undici names a Unix domain socket nowhere: its clients are known by the first connection that they make, or fail to make. */
  #moveToSocket(call: OutboundCall, path: string): void {
    const { client, target } = call;
    if (target.authority.port === 0) return;
    target.authority.hasSockets = true;
    if (client !== undefined) this.#sockets.set(client, path);
    call.owner.moved(call, createSocketTarget(target.method, target.authority.scheme, path, target.path));
  }

  #noteTunnel(error: unknown): void {
    if (typeof error === 'object' && error !== null) this.#ofTunnels.add(error);
  }

  #isOfTunnel(error: unknown): boolean {
    return typeof error === 'object' && error !== null && this.#ofTunnels.has(error);
  }

  /** The official instrumentation has seen the request before us if it has a trace context in its headers. */
  #traceUnlessElsewhere(call: OutboundCall, request: CoreRequest): void {
    call.isTracedElsewhere = !this.#isContextGiven && undiciHeaders.get(request, 'traceparent') !== undefined;
    this.#isContextGiven = false;
    call.owner.trace(call);
  }

  /** Goes behind those that have subscribed since. */
  listenLast(): void {
    const created = channel('undici:request:create');
    const { _subscribers: subscribers } = created as { readonly _subscribers?: readonly unknown[] };
    if (subscribers === undefined || subscribers.at(-1) === this.#onCreateMessage) return;
    created.unsubscribe(this.#onCreateMessage);
    created.subscribe(this.#onCreateMessage);
  }

  /** A request of a copy that was loaded since, or that cannot be found: it is traced, and the breaker can end it, but not answer it. */
  #beginUnseen(request: CoreRequest): OutboundCall | undefined {
    if (!this.#searchedFor.has(request.constructor)) {
      this.#searchedFor.add(request.constructor);
      this.lookForCopies();
    }
    try {
      return this.#begin(request, knownOrigin(String(request.origin)), activeContext(), false);
    } catch (error) {
      if (!isRejection(error)) throw error;
      abortRequest(request, error as Error);
      return undefined;
    }
  }

  #subscribe(name: string, handle: (message: Message) => void): (message: unknown) => void {
    const onMessage = (message: unknown) => {
      // What a subscriber throws becomes an uncaught exception of the application.
      try {
        handle(message as Message);
      } catch (error) {
        this.#faults.caught(name, error);
      }
    };
    takeChannel(name, 'client', onMessage);
    return onMessage;
  }
}

/** Reads headers in the forms that can be read again. */
function hasHeader(headers: unknown, name: string): boolean {
  if (typeof headers !== 'object' || headers === null) return false;
  const names = Array.isArray(headers)
    ? headers.flatMap((item, index) => (Array.isArray(item) ? [item[0]] : index % 2 === 0 ? [item] : []))
    : Object.keys(headers);
  if (names.some((given) => String(given).toLowerCase() === name)) return true;
  const { has } = headers as { has?: unknown };
  return typeof has === 'function' && has.call(headers, name) === true;
}

interface Message {
  readonly request: CoreRequest;
  readonly response?: { readonly statusCode: number; readonly headers: unknown };
  readonly error?: unknown;
  readonly socket?: unknown;
}

function beginAttempt(
  outbound: Outbound,
  target: Target,
  context: Context,
  call: FetchCall,
  canBeAnswered: boolean,
): OutboundCall {
  try {
    return outbound.begin(target, context, call.attempts, true, canBeAnswered);
  } catch (error) {
    call.isTurnedAway = isRejection(error);
    throw error;
  }
}

function isClosed(client: object): boolean {
  const { closed, destroyed } = client as { closed?: unknown; destroyed?: unknown };
  return closed === true || destroyed === true;
}

/** The global fetch counts its attempts itself. */
function isGlobalFetch({ context }: OutboundCall): boolean {
  return context.getValue(FETCH_KEY) !== undefined;
}

function isUpgrade({ upgrade, method }: DispatchOptions): boolean {
  return method === 'CONNECT' || (upgrade !== undefined && upgrade !== null);
}

/** The whole of the path of a call: what is given as `query` is not in it before. */
function completePath(call: OutboundCall, path: string): void {
  call.target = createTargetAt(call.target.authority, call.target.method, path);
  if (!isGlobalFetch(call)) call.resendCount = resendCountOf(call.context, call.target);
}

function originOf(options: DispatchOptions, client: object): string | undefined {
  const { origin } = options;
  if (origin === undefined || origin === null) return originOfClient(client);
  return typeof origin === 'string' ? origin : origin.origin;
}

/** undici takes an emitter of 'abort' as well: that says nothing of a reason. */
function isAbortSignal(value: unknown): value is AbortSignal {
  return typeof (value as Partial<AbortSignal> | undefined | null)?.aborted === 'boolean';
}
