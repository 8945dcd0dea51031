import { type Attributes, type Context, type Span, type SpanContext, trace } from '@opentelemetry/api';
import type { Breaker } from '../breaker/breaker.js';
import type { Deadline } from '../breaker/deadline.js';
import type { BreakerConfig } from '../breaker/options.js';
import type { Permit } from '../breaker/permit.js';
import { contextWithSpan } from '../context/request-context.js';
import type { FinishedCall } from '../metrics/client-red.js';
import type { Method } from '../metrics/http-methods.js';
import type { AttributeSource } from '../trace/live-span.js';
import type { Verdict } from './call-outcome.js';
import { redactedUrlOf, type Target } from './target.js';

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
  readonly startMs: number;
  /** The context that the call was made in. */
  readonly context: Context;
  inner: Context;
  spanContext: SpanContext | undefined;
  span: Span | undefined;
  breaker: Breaker | undefined;
  /** The options that its breaker has; undefined where it has none. */
  config: BreakerConfig | undefined;
  /** Undefined once the breaker was told. */
  permit: Permit | undefined;
  deadline: Deadline | undefined;
  /** What the caller may cut it off with, where the client knows. */
  signal: AbortSignal | undefined;
  /** The connection that the call went out on. */
  peer: Peer | undefined;
  /** How many attempts of the same request went before: redirects and retries. */
  resendCount: number;
  /** How many of those were retries of ours. */
  retries: number;
  statusCode: number;
  retryAfter: unknown;
  /** What the status said, if the body may still say otherwise. */
  statusVerdict: Verdict | undefined;
  errorType: string | undefined;
  protocolVersion: string | undefined;
  respondedMs: number;
  isCallerAbort: boolean;
  isTimedOut: boolean;
  isReusedSocket: boolean;
  isSpanEnded: boolean;
  isSettled: boolean;
  /** Neighbours among the calls whose response has begun. */
  previous: OutboundCall | undefined;
  next: OutboundCall | undefined;

  constructor(
    owner: CallOwner,
    method: Method,
    target: Target,
    startMs: number,
    context: Context,
    resendCount: number,
  ) {
    this.owner = owner;
    this.method = method;
    this.target = target;
    this.startMs = startMs;
    this.context = context;
    this.inner = context;
    this.spanContext = undefined;
    this.span = undefined;
    this.breaker = undefined;
    this.config = undefined;
    this.permit = undefined;
    this.deadline = undefined;
    this.signal = undefined;
    this.peer = undefined;
    this.resendCount = resendCount;
    this.retries = 0;
    this.statusCode = 0;
    this.retryAfter = undefined;
    this.statusVerdict = undefined;
    this.errorType = undefined;
    this.protocolVersion = undefined;
    this.respondedMs = -1;
    this.isCallerAbort = false;
    this.isTimedOut = false;
    this.isReusedSocket = false;
    this.isSpanEnded = false;
    this.isSettled = false;
    this.previous = undefined;
    this.next = undefined;
  }

  get host(): string {
    return this.target.authority.host;
  }

  get port(): number {
    return this.target.authority.port;
  }

  get upstream(): string {
    return this.target.authority.upstream;
  }

  /** The context that its headers are written from. */
  propagatedContext(): Context {
    const { context, inner, span, spanContext } = this;
    if (inner !== context) return inner;
    if (span !== undefined) return contextWithSpan(context, span);
    return spanContext === undefined ? context : contextWithSpan(context, trace.wrapSpanContext(spanContext));
  }

  /** HTTP client span, stable conventions v1.44. */
  spanAttributes(): Attributes {
    const { target, host, port, method, statusCode, errorType, protocolVersion, resendCount } = this;
    const { remoteAddress, remotePort } = this.peer ?? {};
    const isUsual = method.index !== 0 && port !== 0 && errorType === undefined && resendCount === 0;
    if (isUsual && statusCode !== 0 && protocolVersion !== undefined && remotePort !== undefined) {
      // In one piece: added one by one, they would move to a larger object three times.
      return {
        'http.request.method': method.name,
        'server.address': host,
        'server.port': port,
        'url.full': redactedUrlOf(target),
        'http.response.status_code': statusCode,
        'network.protocol.version': protocolVersion,
        'network.peer.address': remoteAddress,
        'network.peer.port': remotePort,
      };
    }
    const attributes: Attributes = { 'http.request.method': method.name, 'server.address': host };
    // A Unix domain socket has none.
    if (port !== 0) attributes['server.port'] = port;
    attributes['url.full'] = redactedUrlOf(target);
    if (method.index === 0) attributes['http.request.method_original'] = target.method.slice(0, 100);
    if (statusCode !== 0) attributes['http.response.status_code'] = statusCode;
    if (errorType !== undefined) attributes['error.type'] = errorType;
    if (protocolVersion !== undefined) attributes['network.protocol.version'] = protocolVersion;
    if (resendCount > 0) attributes['http.request.resend_count'] = resendCount;
    if (remoteAddress !== undefined) {
      attributes['network.peer.address'] = remoteAddress;
      if (remotePort !== undefined) attributes['network.peer.port'] = remotePort;
    }
    return attributes;
  }
}
