import { channel } from 'node:diagnostics_channel';
import { activeContext } from '../context/storage.js';
import { isSuppressed } from '../context/suppressed.js';
import type { Faults } from '../core/faults.js';
import { parseHostPort } from '../core/host-port.js';
import { FETCH_KEY, type FetchCall } from './fetch-call.js';
import type { OutboundCall, Target } from './outbound-call.js';
import type { OutboundRouter } from './outbound-router.js';
import { dispatcherPrototypes, isLeaf, originOfClient } from './undici-copies.js';

const callKey = Symbol('golden-signals.call');
const seenSocketKey = Symbol('golden-signals.socket');

/** undici's own request, as its diagnostics channels hand it out (versions 6 to 8). */
interface CoreRequest {
  [callKey]?: OutboundCall;
  readonly origin: string | URL;
  readonly method: string;
  readonly path: string;
  readonly headers: unknown;
  addHeader(name: string, value: string): void;
  abort?: ((error: Error) => void) | null;
  onError?(error: Error): void;
  onResponseError?(error: Error): void;
}

interface ObservedSocket {
  [seenSocketKey]?: true;
  readonly alpnProtocol?: string | false | null;
  readonly remoteAddress?: string;
  readonly remotePort?: number;
}

interface DispatchOptions {
  readonly origin?: string | URL;
  readonly method?: string;
  readonly path?: string;
  readonly signal?: unknown;
}

interface DispatchHandler {
  onError?(error: Error): void;
  onResponseError?(controller: unknown, error: Error): void;
}

type Dispatch = (this: object, options: DispatchOptions, handler: DispatchHandler) => boolean;

/**
 * Sends every call of undici through the outbound pipeline, that of the built-in `fetch` and of every installed copy. The breaker
 * stands where a client of one origin takes a call, before there is a socket; everything after is told by undici's own channels.
 */
export class UndiciClients {
  readonly #router: OutboundRouter;
  readonly #faults: Faults;
  readonly #patched = new WeakSet<object>();
  /** The call whose dispatch is running, until the channel says which request it became. */
  #dispatching: OutboundCall | undefined;

  constructor(router: OutboundRouter, faults: Faults) {
    this.#router = router;
    this.#faults = faults;
    this.#subscribe('undici:request:create', (message) => this.#onCreate(message.request));
    this.#subscribe('undici:client:sendHeaders', ({ request, socket }) => {
      const call = request[callKey];
      if (call === undefined || typeof socket !== 'object' || socket === null) return;
      const known = socket as ObservedSocket;
      call.isReusedSocket = known[seenSocketKey] === true;
      known[seenSocketKey] = true;
      call.protocolVersion = known.alpnProtocol === 'h2' ? '2' : '1.1';
      if (call.span !== undefined) call.peer = known;
    });
    this.#subscribe('undici:request:headers', ({ request, response }) => {
      const call = request[callKey];
      if (call === undefined || response === undefined) return;
      const { statusCode, headers } = response;
      // 103 Early Hints and their like are not the answer.
      if (statusCode < 200 && statusCode !== 101) return;
      const retryAfter =
        statusCode === 429 || statusCode === 503 ? headerOf(headers, 'retry-after') : undefined;
      call.owner.responded(call, statusCode, retryAfter, undefined);
      if (statusCode === 101) call.owner.completed(call);
    });
    this.#subscribe('undici:request:trailers', ({ request }) => {
      const call = request[callKey];
      call?.owner.completed(call);
    });
    this.#subscribe('undici:request:error', ({ request, error }) => {
      const call = request[callKey];
      if (call === undefined) return;
      call.isCallerAbort ||= isAbortedByCaller(call);
      call.owner.failed(call, error);
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
    const original = prototype.dispatch;
    Object.defineProperty(prototype, 'dispatch', {
      configurable: true,
      writable: true,
      value: function (this: object, options: DispatchOptions, handler: DispatchHandler): boolean {
        return clients.#dispatch(this, original, options, handler);
      },
    });
  }

  #dispatch(client: object, original: Dispatch, options: DispatchOptions, handler: DispatchHandler): boolean {
    let call: OutboundCall | undefined;
    try {
      if (isLeaf(client)) call = this.#begin(options, originOf(options, client));
    } catch (error) {
      if (isRejection(error)) return reject(handler, error as Error);
      this.#faults.caught('client.undici', error);
    }
    if (call === undefined) return original.call(client, options, handler);
    const outer = this.#dispatching;
    this.#dispatching = call;
    try {
      return original.call(client, options, handler);
    } finally {
      // Never made: the options were wrong, or the client is closed. That is the caller's, and told him by undici.
      if (this.#dispatching === call) {
        call.isCallerAbort = true;
        call.owner.failed(call, undefined);
      }
      this.#dispatching = outer;
    }
  }

  #begin(options: DispatchOptions, origin: string | undefined): OutboundCall | undefined {
    const context = activeContext();
    if (origin === undefined || isSuppressed(context)) return undefined;
    const target = targetOf(origin, options.method ?? 'GET', options.path ?? '/');
    if (target === undefined) return undefined;
    const call = this.#router.outboundFor(context)?.begin(target, context);
    const fetchCall = context.getValue(FETCH_KEY) as FetchCall | undefined;
    if (call !== undefined && fetchCall !== undefined) {
      call.resendCount = fetchCall.attempts;
      fetchCall.attempts += 1;
    }
    return call;
  }

  #onCreate(request: CoreRequest): void {
    let call = this.#dispatching;
    this.#dispatching = undefined;
    if (call === undefined) {
      // A copy of undici that was loaded since: this call is traced, and the next ones are guarded too.
      this.lookForCopies();
      if (isSuppressed(activeContext())) return;
      try {
        call = this.#begin({ method: request.method, path: request.path }, String(request.origin));
      } catch (error) {
        if (!isRejection(error)) throw error;
        end(request, error as Error);
        return;
      }
    }
    if (call === undefined) return;
    const begun = call;
    request[callKey] = begun;
    begun.abort = (error) => end(request, error);
    const outbound = this.#router.outboundFor(begun.context);
    outbound?.writeHeaders(
      begun,
      (name) => headerOf(request.headers, name),
      (name, value) => {
        if (headerOf(request.headers, name) === undefined) request.addHeader(name, value);
      },
    );
    outbound?.startDeadline(begun);
  }

  #subscribe(name: string, handle: (message: Message) => void): void {
    channel(name).subscribe((message) => {
      // What a subscriber throws becomes an uncaught exception of the application.
      try {
        handle(message as Message);
      } catch (error) {
        this.#faults.caught(name, error);
      }
    });
  }
}

interface Message {
  readonly request: CoreRequest;
  readonly response?: { readonly statusCode: number; readonly headers: unknown };
  readonly error?: unknown;
  readonly socket?: unknown;
}

function isRejection(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === 'ERR_CIRCUIT_OPEN';
}

/** Tells the handler as undici itself would. True: "not busy", for a pool would otherwise wait for a drain that never comes. */
function reject(handler: DispatchHandler, error: Error): boolean {
  if (typeof handler.onError === 'function') handler.onError(error);
  else handler.onResponseError?.(null, error);
  return true;
}

function end(request: CoreRequest, error: Error): void {
  if (typeof request.abort === 'function') request.abort(error);
  else if (typeof request.onError === 'function') request.onError(error);
  else request.onResponseError?.(error);
}

/** An abort with a reason of the caller's own does not look like an abort; his signal tells. */
function isAbortedByCaller(call: OutboundCall): boolean {
  const { signal } = (call.context.getValue(FETCH_KEY) ?? {}) as { signal?: AbortSignal };
  if (signal?.aborted !== true) return false;
  return (signal.reason as { name?: unknown } | undefined)?.name !== 'TimeoutError';
}

function originOf(options: DispatchOptions, client: object): string | undefined {
  const { origin } = options;
  if (origin === undefined) return originOfClient(client);
  return typeof origin === 'string' ? origin : origin.origin;
}

const targetPattern = /^(https?):\/\/([^/?#]+)/i;

function targetOf(origin: string, method: string, path: string): Target | undefined {
  const match = targetPattern.exec(origin);
  if (match === null) return undefined;
  const scheme = match[1]?.toLowerCase() === 'https' ? 'https' : 'http';
  const authority = parseHostPort((match[2] as string).replace(/^[^@]*@/, ''));
  if (authority === undefined) return undefined;
  const port = authority.port ?? (scheme === 'https' ? 443 : 80);
  return { method, scheme, host: authority.host.toLowerCase(), port, path };
}

/** Reads a header in any of the forms that undici keeps them in: a list of names and values, of buffers, one text, or an object. */
function headerOf(headers: unknown, name: string): string | undefined {
  if (typeof headers === 'string')
    return new RegExp(`(?:^|\\r\\n)${name}: ?([^\\r]*)`, 'i').exec(headers)?.[1];
  if (Array.isArray(headers)) {
    for (let index = 0; index + 1 < headers.length; index += 2) {
      const key: unknown = headers[index];
      const length = (key as { length?: number }).length;
      if (length === name.length && String(key).toLowerCase() === name) return String(headers[index + 1]);
    }
    return undefined;
  }
  const value = (headers as Record<string, unknown> | null | undefined)?.[name];
  return value === undefined ? undefined : String(value);
}
