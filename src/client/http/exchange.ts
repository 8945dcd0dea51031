import * as http from 'node:http';
import type { Socket } from 'node:net';
import type { Context } from '@opentelemetry/api';
import { runInContext } from '../../context/storage.js';
import { type AnyMethod, patch } from '../../core/patch.js';
import { type Destination, destinationOf } from '../destination.js';
import { isEventStream } from '../event-stream.js';
import type { OutboundCall, Reader } from '../outbound-call.js';
import { redirectContext } from '../resend.js';
import { isRelayed, retarget } from '../target.js';
import { addToHead, beforeHead } from './head.js';
import { HttpCall } from './http-call.js';

/** A request of `http`. */
export interface ObservedRequest extends Omit<http.ClientRequest, '_header' | 'onSocket'> {
  /** The head, once it is written; what Node keeps it in until the socket is there. */
  _header?: string | null;
  readonly _headerSent?: boolean;
  /** What waits for the socket. */
  readonly outputData?: readonly { data: unknown }[];
  /** Writes the head from the headers that were set. */
  _implicitHeader(): void;
  readonly res?: http.IncomingMessage | null;
  readonly agent?: http.Agent;
  onSocket(socket: Socket | undefined, error?: Error): void;
}

type Emit<T> = (this: T, ...args: unknown[]) => boolean;

/**
 * Follows requests and their responses by their classes: a property of their own would show in a spread and a list of keys. No listener
 * is added: one for 'response' would keep Node from discarding an unread body, one for 'error' would hide an error. Called once.
 */
export function watchExchanges(): void {
  const request = http.ClientRequest.prototype;
  patch(request, 'emit', emitOfRequest);
  patch(request, 'destroy', destroyOfRequest);
  patch(request, '_implicitHeader', implicitHeaderOfRequest);
  const response = http.IncomingMessage.prototype;
  patch(response, 'emit', emitOfResponse);
  patch(response, 'push', pushOfResponse);
  patch(response, '_destroy', destroyOfResponse);
}

/** Ends the request from this side, wherever it is. */
export function abortRequest(req: ObservedRequest, error: Error): void {
  const { res } = req;
  if (res === undefined || res === null || res.complete) {
    req.destroy(error);
    return;
  }
  // The request says it a second time; many listen only to the response by then, and must not die of that.
  if (req.listenerCount('error') === 0) req.on('error', nothing);
  res.destroy(error);
}

function nothing(): void {}

function emitOfRequest(original: () => Emit<ObservedRequest>): Emit<ObservedRequest> {
  return function (...args) {
    const call = HttpCall.of(this);
    if (!call) return original().apply(this, args);
    let context: Context | undefined;
    try {
      context = observe(this, call, args[0], args[1]);
    } catch (error) {
      call.owner.caught('client.http.emit', error);
    }
    return context === undefined
      ? original().apply(this, args)
      : runInContext(context, original() as () => boolean, this, ...(args as []));
  };
}

/** The headers that this library adds are on the wire only: code that copies those of a request to another host never sees them. */
function implicitHeaderOfRequest(original: () => AnyMethod): (this: ObservedRequest) => void {
  return function () {
    const added = HttpCall.addedTo(this);
    if (added === undefined) {
      original().call(this);
      return;
    }
    try {
      beforeHead(this, added);
    } catch (error) {
      HttpCall.of(this)?.owner.caught('client.http.headers', error);
    }
    original().call(this);
    try {
      addToHead(this, added);
    } catch (error) {
      HttpCall.of(this)?.owner.caught('client.http.headers', error);
    }
  };
}

/** Tells a call what has happened to its request; gives the context for what the caller does about it, where that is another one. */
function observe(
  req: ObservedRequest,
  call: OutboundCall,
  event: unknown,
  value: unknown,
): Context | undefined {
  switch (event) {
    case 'response':
      return observeHead(value as http.IncomingMessage, call);
    case 'socket':
      noteDestination(value as Socket | undefined, call);
      notePeer(value as Socket | undefined, call);
      break;
    case 'upgrade':
    case 'connect': {
      const res = value as http.IncomingMessage;
      call.peer = res.socket;
      call.owner.responded(call, res.statusCode ?? 0, undefined, versionOf(res));
      call.owner.completed(call);
      break;
    }
    case 'timeout':
      // A notice, and no end: it counts only for a caller that ends the call because of it, which is now.
      call.isTimedOut = true;
      Promise.resolve(call).then(forgetAfterAll);
      break;
    case 'error':
      call.isReusedSocket = req.reusedSocket;
      call.isElsewhere ||= isOfAgent(req, value);
      call.isCallerAbort ||= isClosedHere(req.socket, value);
      call.owner.failed(call, value);
      break;
    case 'close':
      // With a response, its own close decides.
      if (call.statusCode === 0) call.owner.failed(call, undefined);
      break;
    default:
  }
  return undefined;
}

function observeHead(res: http.IncomingMessage, call: OutboundCall): Context | undefined {
  const { statusCode = 0, headers, socket } = res;
  call.peer = socket;
  // An agent hands on what its proxy has answered in place of a tunnel: in the clear, for a call to a host that speaks TLS.
  if (statusCode >= 500 && call.target.authority.scheme === 'https' && !isEncrypted(socket))
    call.isElsewhere = true;
  call.owner.responded(call, statusCode, headers['retry-after'], versionOf(res));
  HttpCall.set(res, call);
  if (call.isMetered) {
    if (isEventStream(headers['content-type'])) call.owner.streamed(call);
    call.reader = new ResponseReader(res);
  }
  return headers.location === undefined ? undefined : redirectContext(call, statusCode, headers.location);
}

class ResponseReader implements Reader {
  readonly #res: http.IncomingMessage;

  constructor(res: http.IncomingMessage) {
    this.#res = res;
  }

  get isBehind(): boolean {
    return this.#res.readableLength >= this.#res.readableHighWaterMark;
  }
}

// After all that promises have to say of it, as in `await once(req, 'timeout')`, and before the next timer: in a process that has stood
// still it may be that of an abort.
function forgetAfterAll(call: OutboundCall): void {
  process.nextTick(forgetTimeout, call);
}

function forgetTimeout(call: OutboundCall): void {
  if (!call.isCallerAbort) call.isTimedOut = false;
}

/** An error that comes ahead of the connection, and is not of making one, is that of an agent with its proxy. */
function isOfAgent({ socket }: ObservedRequest, error: unknown): boolean {
  if (socket !== undefined && socket !== null) return false;
  const { syscall } = (error ?? {}) as { syscall?: unknown };
  return syscall !== 'connect' && syscall !== 'getaddrinfo';
}

/** True where the connection was closed from this side, as `socket.destroy()` and `agent.destroy()` do: Node calls that a reset, too. */
function isClosedHere(socket: Socket | null | undefined, error: unknown): boolean {
  const { syscall, code } = (error ?? {}) as { syscall?: unknown; code?: unknown };
  return (
    syscall === undefined &&
    (error === undefined || code === 'ECONNRESET') &&
    socket?.destroyed === true &&
    socket.readableEnded === false &&
    socket.errored === null
  );
}

function isEncrypted(socket: Socket): boolean {
  return (socket as { encrypted?: unknown } | undefined)?.encrypted === true;
}

/** Connections that go somewhere else than their requests say: an agent, or a `createConnection`, has made them so. */
const redirected = new WeakMap<object, Destination>();
let isAnyRedirected = false;

/**
 * Names a call by what it is connected to. One that is connected already has been through a proxy; and another name for the same port
 * is an address that was looked up for it.
 */
function noteDestination(socket: Socket | undefined, call: OutboundCall): void {
  const { target } = call;
  // A tunnel is named by where it leads.
  if (socket === undefined || target.method === 'CONNECT' || isRelayed(target)) return;
  let destination: Destination | undefined;
  if (socket.connecting) {
    destination = destinationOf(socket);
    if (destination === undefined || destination.port === call.port) return;
    redirected.set(socket, destination);
    isAnyRedirected = true;
  } else if (isAnyRedirected) destination = redirected.get(socket);
  if (destination !== undefined) call.owner.moved(call, retarget(target, destination));
}

/**
 * The address of a connection is kept once it was read. It must be before anything is sent: a reset that comes right behind the head
 * of a response makes the connection forget it before that head is read.
 */
function notePeer(socket: Socket | undefined, call: OutboundCall): void {
  // A mock of the network may emit anything as a socket.
  if (!call.isTraced || typeof socket?.once !== 'function') return;
  call.peer = socket;
  if (socket.connecting) socket.once('connect', readAddress);
  else readAddress.call(socket);
}

function readAddress(this: Socket): void {
  void this.remoteAddress;
}

function destroyOfRequest(original: () => AnyMethod): AnyMethod {
  return function (this: ObservedRequest, error) {
    const call = HttpCall.of(this);
    if (call && !this.destroyed && !call.isSettled) call.isCallerAbort = true;
    return original().call(this, error);
  };
}

function emitOfResponse(original: () => Emit<http.IncomingMessage>): Emit<http.IncomingMessage> {
  return function (...args) {
    const [event, value] = args;
    // Every request that comes in passes here, too: what says nothing of a call is not looked up.
    const call = event === 'error' || event === 'close' ? HttpCall.of(this) : undefined;
    if (call && !call.isSettled) {
      try {
        if (event === 'error' || !this.complete) {
          call.isCallerAbort ||= isClosedHere(this.socket, event === 'error' ? value : undefined);
          call.owner.failed(call, event === 'error' ? value : undefined);
        }
      } catch (error) {
        call.owner.caught('client.http.response', error);
      }
    }
    return original().apply(this, args);
  };
}

/** Nothing more to come: the exchange is whole when the last of it has arrived, whenever it is read. */
function pushOfResponse(original: () => AnyMethod): AnyMethod {
  return function (this: http.IncomingMessage, chunk, encoding) {
    if (chunk === null) {
      const call = HttpCall.of(this);
      try {
        if (call && this.complete) call.owner.completed(call);
      } catch (error) {
        call?.owner.caught('client.http.response', error);
      }
    }
    return original().call(this, chunk, encoding);
  };
}

function destroyOfResponse(original: () => AnyMethod): AnyMethod {
  return function (this: http.IncomingMessage, error, callback) {
    const call = HttpCall.of(this);
    // Node itself destroys the response of a connection that has closed; anyone else has had enough of it.
    if (call && !call.isSettled && this.socket?.destroyed === false) call.isCallerAbort = true;
    return original().call(this, error, callback);
  };
}

function versionOf({ httpVersion }: http.IncomingMessage): string | undefined {
  return httpVersion === '' ? undefined : httpVersion;
}
