import type http from 'node:http';
import type { Socket } from 'node:net';
import { isStorageUsed, runInContext } from '../context/storage.js';
import type { OutboundCall } from './outbound-call.js';
import { isCopiedContext } from './outbound-headers.js';
import { expectFollowed, redirectContext } from './resend.js';

export const callKey = Symbol('golden-signals.call');
const ownKey = Symbol('golden-signals.own');

/** What is put in the place of a request's or a response's own. */
type Method = 'emit' | 'destroy' | 'setHeader' | 'push';
type AnyMethod = (this: object, ...args: never[]) => unknown;
type Methods = Partial<Record<Method, AnyMethod>>;

/** A request of `http`; its call, or null for one that is left alone. */
export interface ObservedRequest extends Omit<http.ClientRequest, '_header' | 'onSocket'> {
  [callKey]?: OutboundCall | null;
  /** Those of its methods that were not of its class when it was met. */
  [ownKey]?: Methods;
  /** The head, once it is written; what Node keeps it in until the socket is there. */
  _header?: string | null;
  readonly _headerSent?: boolean;
  /** What waits for the socket. */
  readonly outputData?: readonly { data: unknown }[];
  readonly res?: ObservedResponse | null;
  onSocket(socket: undefined, error?: Error): void;
}

interface ObservedResponse extends http.IncomingMessage {
  [callKey]?: OutboundCall;
  [ownKey]?: Methods;
}

type Emit = (this: object, ...args: unknown[]) => boolean;

/**
 * Follows a request from here on. No listener is added: one for 'response' would keep Node from discarding an unread body, one for
 * 'error' would hide an error.
 */
export function observeRequest(req: ObservedRequest, call: OutboundCall): void {
  req[callKey] = call;
  const { emit, destroy, setHeader } = Object.getPrototypeOf(req) as ObservedRequest;
  if (req.emit !== emit || req.destroy !== destroy || req.setHeader !== setHeader)
    keepOwn(req, ['emit', 'destroy', 'setHeader']);
  req.emit = emitOfRequest as typeof req.emit;
  req.destroy = destroyRequest as typeof req.destroy;
  req.setHeader = setHeaderOfRequest as typeof req.setHeader;
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

function emitOfRequest(this: ObservedRequest, ...args: unknown[]): boolean {
  const emit = before(this, 'emit') as Emit;
  const call = this[callKey];
  if (!call) return emit.apply(this, args);
  const [event, value] = args;
  if (event === 'response') {
    const res = value as ObservedResponse;
    const { statusCode = 0, headers } = res;
    call.peer = res.socket;
    call.owner.responded(call, statusCode, headers['retry-after'], versionOf(res));
    observeResponse(res, call);
    const context =
      headers.location === undefined ? undefined : redirectContext(call, statusCode, headers.location);
    if (context !== undefined) {
      if (isStorageUsed()) return runInContext(context, emit as () => boolean, this, ...(args as []));
      expectFollowed(call, context);
    }
  } else observe(this, call, event, value);
  return emit.apply(this, args);
}

/** Who passes headers on, as proxies do and redirects, does so after the request was made; see {@link isCopiedContext}. */
function setHeaderOfRequest(this: ObservedRequest, name: string, value: unknown): unknown {
  const call = this[callKey];
  if (call && name.length === 11 && isCopiedContext(call, name.toLowerCase(), value)) return this;
  return before(this, 'setHeader').call(this, name as never, value as never);
}

function observe(req: ObservedRequest, call: OutboundCall, event: unknown, value: unknown): void {
  switch (event) {
    case 'socket':
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
      call.isTimedOut = true;
      break;
    case 'error':
      call.isReusedSocket = req.reusedSocket;
      call.owner.failed(call, value);
      break;
    case 'close':
      // With a response, its own close decides.
      if (call.statusCode === 0) call.owner.failed(call, undefined);
      break;
    default:
  }
}

/**
 * The address of a connection is kept once it was read. It must be before anything is sent: a reset that comes right behind the head
 * of a response makes the connection forget it before that head is read.
 */
function notePeer(socket: Socket | undefined, call: OutboundCall): void {
  // Stand-ins for the network emit what they like.
  if (!call.isTraced || typeof socket?.once !== 'function') return;
  call.peer = socket;
  if (socket.connecting) socket.once('connect', readAddress);
  else readAddress.call(socket);
}

function readAddress(this: Socket): void {
  void this.remoteAddress;
}

function destroyRequest(this: ObservedRequest, error?: Error): unknown {
  const call = this[callKey];
  if (call && !this.destroyed && !call.isSettled) call.isCallerAbort = true;
  return before(this, 'destroy').call(this, error as never);
}

function observeResponse(res: ObservedResponse, call: OutboundCall): void {
  res[callKey] = call;
  const { emit, destroy, push } = Object.getPrototypeOf(res) as ObservedResponse;
  if (res.emit !== emit || res.destroy !== destroy || res.push !== push)
    keepOwn(res, ['emit', 'destroy', 'push']);
  res.emit = emitOfResponse as typeof res.emit;
  res.push = pushToResponse as typeof res.push;
  res.destroy = destroyResponse as typeof res.destroy;
}

function emitOfResponse(this: ObservedResponse, ...args: unknown[]): boolean {
  const call = this[callKey];
  if (call !== undefined && !call.isSettled) {
    if (args[0] === 'error') call.owner.failed(call, args[1]);
    else if (args[0] === 'close' && !this.complete) call.owner.failed(call, undefined);
  }
  return (before(this, 'emit') as Emit).apply(this, args);
}

/** Nothing more to come: the exchange is whole when the last of it has arrived, whenever it is read. */
function pushToResponse(this: ObservedResponse, ...args: unknown[]): unknown {
  const call = this[callKey];
  if (args[0] === null && call !== undefined && this.complete) call.owner.completed(call);
  return before(this, 'push').apply(this, args as never[]);
}

function destroyResponse(this: ObservedResponse, error?: Error): unknown {
  const call = this[callKey];
  // Node itself destroys the response of a connection that has closed; whoever else does it has had enough.
  if (call !== undefined && !call.isSettled && !this.destroyed && this.socket?.destroyed === false)
    call.isCallerAbort = true;
  return before(this, 'destroy').call(this, error as never);
}

/** An agent of the user's, or another tool, may have put its own there before. */
function keepOwn(message: ObservedRequest | ObservedResponse, names: readonly Method[]): void {
  for (const name of names) {
    if (!Object.hasOwn(message, name)) continue;
    message[ownKey] ??= {};
    message[ownKey][name] = (message as unknown as Required<Methods>)[name];
  }
}

// That of the class is looked up each time, for others override it too.
function before(message: ObservedRequest | ObservedResponse, name: Method): AnyMethod {
  return message[ownKey]?.[name] ?? (Object.getPrototypeOf(message) as Required<Methods>)[name];
}

function versionOf({ httpVersion }: http.IncomingMessage): string | undefined {
  return httpVersion === '' ? undefined : httpVersion;
}
