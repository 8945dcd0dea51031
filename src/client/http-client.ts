import { channel } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import { activeContext } from '../context/storage.js';
import { isSuppressed } from '../context/suppressed.js';
import type { Faults } from '../core/faults.js';
import type { Outbound } from './outbound.js';
import type { OutboundCall, Target } from './outbound-call.js';
import type { OutboundRouter } from './outbound-router.js';

const callKey = Symbol('golden-signals.call');

interface ObservedRequest extends Omit<http.ClientRequest, '_header' | 'onSocket'> {
  [callKey]?: OutboundCall | null;
  /** The head, once it is written; what Node keeps it in until the socket is there. */
  _header?: string | null;
  readonly _headerSent?: boolean;
  readonly res?: ObservedResponse | null;
  onSocket(socket: undefined, error?: Error): void;
}

interface ObservedResponse extends http.IncomingMessage {
  [callKey]?: OutboundCall;
}

interface AgentOptions {
  readonly host?: string | null;
  readonly hostname?: string | null;
  readonly port?: number | string | null;
  readonly socketPath?: string | null;
  readonly protocol?: string | null;
}

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Sends every call of `http` and `https` through the outbound pipeline, whoever holds which function of them and since when: each
 * request asks its agent for a socket, and there it is met before it has one. The few that ask no agent (a `createConnection` of
 * their own, an agent with an `addRequest` of its own) are met right after they were made; the breaker can then only end them.
 */
export function observeHttpClients(router: OutboundRouter, faults: Faults): void {
  const { addRequest } = http.Agent.prototype as unknown as { addRequest: AnyFunction };
  Object.defineProperty(http.Agent.prototype, 'addRequest', {
    configurable: true,
    writable: true,
    value: function (this: unknown, ...args: unknown[]) {
      const req = args[0] as ObservedRequest;
      if (req[callKey] !== undefined || meet(req, args[1], router, faults))
        return addRequest.apply(this, args);
      return undefined;
    },
  });
  // Node 22 and later tell of every request; on Node 20 the functions that make them are wrapped.
  const created = channel('http.client.request.created');
  created.subscribe((message) => meetLate((message as { request: ObservedRequest }).request, router, faults));
  if (!hasCreatedChannel()) wrapFactories(router, faults);
}

function hasCreatedChannel(): boolean {
  const [major = 0] = process.versions.node.split('.').map(Number);
  return major >= 22;
}

function wrapFactories(router: OutboundRouter, faults: Faults): void {
  for (const module of [http, https] as { request: AnyFunction; get: AnyFunction }[]) {
    for (const name of ['request', 'get'] as const) {
      const original = module[name];
      const wrapped: AnyFunction = function (...args) {
        const req = original.apply(this, args) as ObservedRequest;
        meetLate(req, router, faults);
        return req;
      };
      Object.defineProperty(wrapped, 'name', { value: name });
      Object.defineProperty(wrapped, 'length', { value: original.length });
      module[name] = wrapped;
    }
  }
  syncBuiltinESMExports();
}

/** False when the breaker turned the request away: it then gets the error in place of a socket. */
function meet(req: ObservedRequest, options: unknown, router: OutboundRouter, faults: Faults): boolean {
  try {
    begin(req, targetOf(req, options as AgentOptions | undefined), router);
    return true;
  } catch (error) {
    if (isRejection(error)) {
      req[callKey] = null;
      req.onSocket(undefined, error as Error);
      return false;
    }
    faults.caught('client.http', error);
    return true;
  }
}

function meetLate(req: ObservedRequest, router: OutboundRouter, faults: Faults): void {
  if (req[callKey] !== undefined) return;
  try {
    begin(req, targetOf(req, undefined), router);
  } catch (error) {
    if (isRejection(error)) {
      req[callKey] = null;
      req.destroy(error as Error);
    } else faults.caught('client.http', error);
  }
}

function isRejection(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === 'ERR_CIRCUIT_OPEN';
}

function begin(req: ObservedRequest, target: Target, router: OutboundRouter): void {
  const context = activeContext();
  const outbound = isSuppressed(context) ? undefined : router.outboundFor(context);
  if (outbound === undefined) {
    req[callKey] = null;
    return;
  }
  const call = outbound.begin(target, context);
  req[callKey] = call;
  writeHeaders(req, call, outbound);
  call.abort = (error) => {
    const { res } = req;
    if (res !== undefined && res !== null && !res.complete) res.destroy(error);
    else req.destroy(error);
  };
  req.emit = emitObserved as typeof req.emit;
  req.destroy = destroyObserved as typeof req.destroy;
  outbound.startDeadline(call);
}

function targetOf(req: ObservedRequest, options: AgentOptions | undefined): Target {
  const scheme = req.protocol === 'https:' ? 'https' : 'http';
  const socketPath = options?.socketPath;
  if (typeof socketPath === 'string' && socketPath !== '') {
    return { method: req.method, scheme, host: socketPath, port: 0, path: req.path };
  }
  const port = Number(options?.port ?? portOfHost(req)) || (scheme === 'https' ? 443 : 80);
  const host = String(options?.host ?? req.host ?? 'localhost').toLowerCase();
  return { method: req.method, scheme, host: host.replace(/^\[|\]$/g, ''), port, path: req.path };
}

function portOfHost(req: ObservedRequest): string | undefined {
  const header = req.getHeader('host');
  return typeof header === 'string' ? /:(\d+)$/.exec(header)?.[1] : undefined;
}

function writeHeaders(req: ObservedRequest, call: OutboundCall, outbound: Outbound): void {
  const head = req._header;
  if (typeof head !== 'string') {
    outbound.writeHeaders(
      call,
      (name) => req.getHeader(name),
      (name, value) => req.setHeader(name, value),
    );
    return;
  }
  // Headers given as an array, or with Expect, are already one text. It is not sent before the request has a socket.
  if (req._headerSent === true) return;
  let lines = '';
  outbound.writeHeaders(
    call,
    (name) => new RegExp(`\\r\\n${name}: ?([^\\r]*)`, 'i').exec(head)?.[1],
    (name, value) => {
      if (!new RegExp(`\\r\\n${name}:`, 'i').test(head)) lines += `${name}: ${value}\r\n`;
    },
  );
  req._header = `${head.slice(0, -2)}${lines}\r\n`;
}

const plainEmit = EventEmitter.prototype.emit as AnyFunction;

/** No listener is added: one for 'response' would keep Node from discarding an unread body, one for 'error' would hide an error. */
function emitObserved(this: ObservedRequest, ...args: unknown[]): unknown {
  const call = this[callKey];
  if (call) observe(this, call, args[0], args[1]);
  return plainEmit.apply(this, args);
}

function observe(req: ObservedRequest, call: OutboundCall, event: unknown, value: unknown): void {
  switch (event) {
    case 'response': {
      const res = value as ObservedResponse;
      if (call.span !== undefined) call.peer = res.socket;
      call.owner.responded(call, res.statusCode ?? 0, res.headers['retry-after'], versionOf(res));
      res[callKey] = call;
      res.emit = emitResponse as typeof res.emit;
      res.destroy = destroyResponse as typeof res.destroy;
      break;
    }
    case 'upgrade':
    case 'connect': {
      const res = value as http.IncomingMessage;
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

function destroyObserved(this: ObservedRequest, error?: Error): unknown {
  const call = this[callKey];
  if (call && !this.destroyed) call.isCallerAbort = !call.isSettled;
  return http.ClientRequest.prototype.destroy.call(this, error);
}

function emitResponse(this: ObservedResponse, ...args: unknown[]): unknown {
  const call = this[callKey];
  if (call !== undefined) {
    if (args[0] === 'end') call.owner.completed(call);
    else if (args[0] === 'error') call.owner.failed(call, args[1]);
    else if (args[0] === 'close') {
      if (this.complete) call.owner.completed(call);
      else call.owner.failed(call, undefined);
    }
  }
  return plainEmit.apply(this, args);
}

function destroyResponse(this: ObservedResponse, error?: Error): unknown {
  const call = this[callKey];
  if (call !== undefined && !this.complete && !this.destroyed) call.isCallerAbort = !call.isSettled;
  return http.IncomingMessage.prototype.destroy.call(this, error);
}

function versionOf(res: http.IncomingMessage): string | undefined {
  return res.httpVersion || undefined;
}
