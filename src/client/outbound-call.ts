import type { Attributes, Context, Span } from '@opentelemetry/api';
import type { Deadline } from '../breaker/deadline.js';
import type { Permit } from '../breaker/permit.js';
import { redactUrl } from '../core/redact-url.js';
import type { FinishedCall } from '../metrics/client-red.js';
import type { Method } from '../metrics/http-methods.js';
import type { AttributeSource } from '../trace/live-span.js';

/** Where a call goes, as its client says it. */
export interface Target {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  /** Without brackets, lower case; the path of the socket for a Unix domain socket. */
  readonly host: string;
  readonly port: number;
  /** The origin-form target. */
  readonly path: string;
}

/** The far end of a connection. */
export interface Peer {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** What ends a call: the outbound pipeline, once for the response's head and once for the whole exchange. */
export interface CallOwner {
  responded(
    call: OutboundCall,
    statusCode: number,
    retryAfter: unknown,
    protocolVersion: string | undefined,
  ): void;
  completed(call: OutboundCall): void;
  failed(call: OutboundCall, error: unknown): void;
}

/** One attempt on the wire: its span ends with the head of the response, its permit with the whole of the exchange. */
export class OutboundCall implements AttributeSource, FinishedCall {
  readonly owner: CallOwner;
  readonly method: Method;
  readonly target: Target;
  readonly host: string;
  readonly port: number;
  readonly upstream: string;
  readonly startMs: number;
  /** The context that the call was made in. */
  readonly context: Context;
  /** That context with the call's span, which the headers are written from. */
  inner: Context;
  span: Span | undefined;
  permit: Permit | undefined;
  deadline: Deadline | undefined;
  /** Ends the call from this side; the client sets it. */
  abort: ((error: Error) => void) | undefined;
  /** The connection that the call went out on. */
  peer: Peer | undefined;
  resendCount: number;
  statusCode: number;
  retryAfter: unknown;
  errorType: string | undefined;
  protocolVersion: string | undefined;
  respondedMs: number;
  isCallerAbort: boolean;
  isTimedOut: boolean;
  isReusedSocket: boolean;
  isSpanEnded: boolean;
  isSettled: boolean;

  constructor(
    owner: CallOwner,
    method: Method,
    target: Target,
    upstream: string,
    startMs: number,
    context: Context,
  ) {
    this.owner = owner;
    this.method = method;
    this.target = target;
    this.host = target.host;
    this.port = target.port;
    this.upstream = upstream;
    this.startMs = startMs;
    this.context = context;
    this.inner = context;
    this.span = undefined;
    this.permit = undefined;
    this.deadline = undefined;
    this.abort = undefined;
    this.peer = undefined;
    this.resendCount = 0;
    this.statusCode = 0;
    this.retryAfter = undefined;
    this.errorType = undefined;
    this.protocolVersion = undefined;
    this.respondedMs = -1;
    this.isCallerAbort = false;
    this.isTimedOut = false;
    this.isReusedSocket = false;
    this.isSpanEnded = false;
    this.isSettled = false;
  }

  /** HTTP client span, stable conventions v1.44. */
  spanAttributes(): Attributes {
    const { target, method } = this;
    const attributes: Attributes = {
      'http.request.method': method.name,
      'server.address': target.host,
      'server.port': target.port,
      'url.full': urlOf(target),
    };
    if (method.index === 0) attributes['http.request.method_original'] = target.method.slice(0, 100);
    if (this.statusCode !== 0) attributes['http.response.status_code'] = this.statusCode;
    if (this.errorType !== undefined) attributes['error.type'] = this.errorType;
    if (this.protocolVersion !== undefined) attributes['network.protocol.version'] = this.protocolVersion;
    if (this.resendCount > 0) attributes['http.request.resend_count'] = this.resendCount;
    const { remoteAddress, remotePort } = this.peer ?? {};
    if (remoteAddress !== undefined) {
      attributes['network.peer.address'] = remoteAddress;
      if (remotePort !== undefined) attributes['network.peer.port'] = remotePort;
    }
    return attributes;
  }
}

function urlOf({ scheme, host, port, path }: Target): string {
  // A proxy is asked for an absolute URL.
  if (/^https?:\/\//i.test(path)) return redactUrl(path);
  const isDefault = port === (scheme === 'https' ? 443 : 80);
  const authority = host.includes(':') ? `[${host}]` : host;
  return redactUrl(`${scheme}://${authority}${isDefault ? '' : `:${port}`}${path}`);
}
