import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import { isOfExports } from '../../context/export-agent.js';
import { activeContext } from '../../context/storage.js';
import { isSuppressed } from '../../context/suppressed.js';
import type { Faults } from '../../core/faults.js';
import { patch } from '../../core/patch.js';
import { takeChannel } from '../../core/take-over.js';
import { isRejection } from '../is-rejection.js';
import { OpenAnswer } from '../open-answer.js';
import type { OutboundRouter } from '../outbound-router.js';
import { resendCountOf } from '../resend.js';
import { createSocketTarget, createTarget, defaultPort, type Target } from '../target.js';
import { answerRequest, isAnswered, letGo } from './answer.js';
import { abortRequest, type ObservedRequest, watchExchanges } from './exchange.js';
import { httpHeaders } from './headers.js';
import { HttpCall } from './http-call.js';

interface AgentOptions {
  readonly host?: string | null;
  readonly port?: number | string | null;
  readonly socketPath?: string | null;
}

/**
 * Sends every call of `http` and `https` through the outbound pipeline, also calls through functions that were taken before we
 * started: each request asks its agent for a socket, and the patch is there, before the request has one. The few that ask no agent (with
 * a `createConnection`, or an agent with its own `addRequest`) are seen right after they were made; the breaker can then only end them.
 */
export function observeHttpClients(router: OutboundRouter, faults: Faults): void {
  watchExchanges();
  patch(http.Agent.prototype, 'addRequest', (original) => {
    return function (this: { readonly options?: AgentOptions }, ...args) {
      const req = args[0] as ObservedRequest;
      if (HttpCall.of(req) === undefined && !meet(req, args[1], this.options, router, faults))
        return undefined;
      return original().apply(this, args);
    };
  });
  // A request with its own `createConnection` has its socket before any event.
  patch(http.ClientRequest.prototype, 'onSocket', (original) => {
    return function (this: ObservedRequest, ...args) {
      const wasMet = HttpCall.of(this) !== undefined;
      if (wasMet ? isAnswered(this, args[0]) : !meet(this, undefined, undefined, router, faults)) {
        letGo(args[0]);
        return undefined;
      }
      return original().apply(this, args);
    };
  });
  // Node 22 and later publish every request on a channel; on Node 20 the functions that create requests are wrapped.
  takeChannel('http.client.request.created', 'client', (message) =>
    meetLate((message as { request: ObservedRequest }).request, router, faults),
  );
  if (!hasCreatedChannel()) wrapFactories(router, faults);
}

function hasCreatedChannel(): boolean {
  const [major = 0] = process.versions.node.split('.').map(Number);
  return major >= 22;
}

function wrapFactories(router: OutboundRouter, faults: Faults): void {
  for (const module of [http, https]) {
    for (const name of ['request', 'get']) {
      patch(module, name, (original) => {
        return function (...args) {
          const req = original().apply(this, args) as ObservedRequest;
          meetLate(req, router, faults);
          return req;
        };
      });
    }
  }
  syncBuiltinESMExports();
}

/** False when the breaker turned the request away: it then gets the answer or the error in place of a socket. */
function meet(
  req: ObservedRequest,
  options: unknown,
  agent: AgentOptions | undefined,
  router: OutboundRouter,
  faults: Faults,
): boolean {
  try {
    begin(req, targetOf(req, options as AgentOptions | undefined, agent), router);
    return true;
  } catch (error) {
    if (isRejection(error)) {
      HttpCall.set(req, null);
      if (error instanceof OpenAnswer) answerRequest(req, error);
      else req.onSocket(undefined, error);
      return false;
    }
    faults.caught('client.http', error);
    return true;
  }
}

function meetLate(req: ObservedRequest, router: OutboundRouter, faults: Faults): void {
  if (HttpCall.of(req) !== undefined) return;
  try {
    begin(req, targetOf(req, undefined, undefined), router);
  } catch (error) {
    if (isRejection(error)) {
      HttpCall.set(req, null);
      if (error instanceof OpenAnswer) answerRequest(req, error);
      else req.destroy(error);
    } else faults.caught('client.http', error);
  }
}

function begin(req: ObservedRequest, target: Target, router: OutboundRouter): void {
  const context = activeContext();
  const isOurs = isSuppressed(context) || isOfExports(req.agent);
  const outbound = isOurs ? undefined : router.outboundFor(context);
  if (outbound === undefined) {
    HttpCall.set(req, null);
    return;
  }
  const call = outbound.begin(target, context, resendCountOf(context, target));
  try {
    HttpCall.set(req, call);
    if (!isOnTheWire(req)) outbound.writeHeaders(call, req, httpHeaders);
    outbound.startDeadline(call, req, abortRequest);
  } catch (error) {
    HttpCall.set(req, null);
    outbound.abandon(call);
    throw error;
  }
}

/** An agent with a connection in its hand may have sent the head already. */
function isOnTheWire({ _headerSent, outputData = [] }: ObservedRequest): boolean {
  return _headerSent === true && outputData.length === 0;
}

function targetOf(
  req: ObservedRequest,
  options: AgentOptions | undefined,
  agent: AgentOptions | undefined,
): Target {
  const { method, path } = req;
  const scheme = req.protocol === 'https:' ? 'https' : 'http';
  // As Node does, an agent's own options come before those of the request.
  const socketPath = agent?.socketPath ?? options?.socketPath;
  if (typeof socketPath === 'string' && socketPath !== '')
    return createSocketTarget(method, scheme, socketPath, path);
  const port = Number(agent?.port ?? options?.port ?? portOfHost(req)) || defaultPort(scheme);
  const host = String(agent?.host ?? options?.host ?? req.host ?? 'localhost').toLowerCase();
  return createTarget(method, scheme, host.startsWith('[') ? host.slice(1, -1) : host, port, path);
}

function portOfHost(req: ObservedRequest): string | undefined {
  const header = httpHeaders.get(req, 'host');
  return typeof header === 'string' ? /:(\d+)$/.exec(header)?.[1] : undefined;
}
