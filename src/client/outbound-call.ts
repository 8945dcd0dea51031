import {
  type Attributes,
  type Context,
  type Span,
  type SpanContext,
  SpanKind,
  trace,
} from '@opentelemetry/api';
import type { Breaker } from '../breaker/breaker.js';
import type { Circuit } from '../breaker/circuit.js';
import type { Deadline } from '../breaker/deadline.js';
import type { BreakerConfig } from '../breaker/options.js';
import type { Permit } from '../breaker/permit.js';
import { contextWithSpan } from '../context/request-context.js';
import { FLAG_SAMPLED } from '../context/traceparent.js';
import type { Ended } from '../core/backlog.js';
import type { FinishedCall } from '../metrics/client-red.js';
import type { Method } from '../metrics/http-methods.js';
import type { TracedCall } from '../trace/call-tracing.js';
import type { Candidate } from '../trace/keeper.js';
import { type AttributeSink, collected, type SharedAttributes } from '../trace/shared-attributes.js';
import type { CallKind } from './call-kinds.js';
import type { Verdict } from './call-outcome.js';
import type { HeaderAccess } from './outbound-headers.js';
import { isPlainPath, redactedUrlOf, type Target } from './target.js';

/** The far end of a connection. */
export interface Peer {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** Who reads a response. */
export interface Reader {
  /** True while more of the response is here than it takes: the upstream is not waited for. */
  readonly isBehind: boolean;
}

/** The outbound pipeline, as the client of a call sees it. The client reports the head of the response once, and the end once. */
export interface CallOwner {
  /** True where an SDK of the application's own is in the process, whose instrumentation may observe the same calls. */
  readonly isBeside: boolean;
  /** Begins the span of a call that was held back. */
  trace(call: OutboundCall): void;
  writeHeaders<R>(call: OutboundCall, request: R, access: HeaderAccess<R>): void;
  startDeadline<R>(call: OutboundCall, request: R, abort: (request: R, error: Error) => void): void;
  responded(
    call: OutboundCall,
    statusCode: number,
    retryAfter: unknown,
    protocolVersion: string | undefined,
  ): void;
  completed(call: OutboundCall): void;
  failed(call: OutboundCall, error: unknown): void;
  abandon(call: OutboundCall): void;
  moved(call: OutboundCall, target: Target): void;
  /** Its response is a stream of events, which either side may end at any time. */
  streamed(call: OutboundCall): void;
  /** Takes an exception of this library's own; `place` is a fixed name. Never throws. */
  caught(place: string, error: unknown): void;
  /** Measures and traces it, once it has ended. Must not throw. */
  account(call: OutboundCall): void;
}

/** One attempt on the wire: its span ends with the head of the response, its permit with the whole of the exchange. */
export class OutboundCall implements TracedCall, FinishedCall, Ended {
  readonly owner: CallOwner;
  readonly method: Method;
  /** Where it goes; what is known of that may still change once it has a connection. */
  target: Target;
  readonly startMs: number;
  /** The context that the call was made in. */
  readonly context: Context;
  inner: Context;
  parent: SpanContext | undefined;
  spanContext: SpanContext | undefined;
  candidate: Candidate | undefined;
  span: Span | undefined;
  breaker: Breaker | undefined;
  /** The options that its breaker has; undefined where it has none. */
  config: BreakerConfig | undefined;
  /** Undefined once the outcome has been reported to the breaker, and where {@link circuit} is set. */
  permit: Permit | undefined;
  /** The breaker of a call that needs a permit only if it fails; undefined once the outcome has been reported. */
  circuit: Circuit | undefined;
  /** What that breaker is asked with for one. */
  generation: number;
  deadline: Deadline | undefined;
  /** Who reads its response, where that is timed or takes a place. */
  reader: Reader | undefined;
  /** What the caller may cut it off with, where the client knows. */
  signal: AbortSignal | undefined;
  /** The client of one origin that it was handed to, where that is known. */
  client: object | undefined;
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
  /** When its span has ended. */
  endMs: number;
  isCallerAbort: boolean;
  /** The caller's client has just noticed a time-out. */
  isTimedOut: boolean;
  /** What became of it came from somewhere else: from the caller's own body, or from a proxy on the way. */
  isElsewhere: boolean;
  isReusedSocket: boolean;
  isSpanEnded: boolean;
  /** True where the official instrumentation of an SDK of the application's own traces and measures it. */
  isTracedElsewhere: boolean;
  isSettled: boolean;
  /** Neighbours among the calls whose response has begun. */
  previous: OutboundCall | undefined;
  next: OutboundCall | undefined;
  #kind: CallKind | undefined;

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
    this.parent = undefined;
    this.spanContext = undefined;
    this.candidate = undefined;
    this.span = undefined;
    this.breaker = undefined;
    this.config = undefined;
    this.permit = undefined;
    this.circuit = undefined;
    this.generation = 0;
    this.deadline = undefined;
    this.reader = undefined;
    this.signal = undefined;
    this.client = undefined;
    this.peer = undefined;
    this.resendCount = resendCount;
    this.retries = 0;
    this.statusCode = 0;
    this.retryAfter = undefined;
    this.statusVerdict = undefined;
    this.errorType = undefined;
    this.protocolVersion = undefined;
    this.respondedMs = -1;
    this.endMs = -1;
    this.isCallerAbort = false;
    this.isTimedOut = false;
    this.isElsewhere = false;
    this.isReusedSocket = false;
    this.isSpanEnded = false;
    this.isTracedElsewhere = false;
    this.isSettled = false;
    this.previous = undefined;
    this.next = undefined;
    this.#kind = undefined;
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

  get spanKind(): SpanKind {
    return SpanKind.CLIENT;
  }

  get spanName(): string {
    return this.method.spanName;
  }

  get exemplarContext(): SpanContext | undefined {
    const context = this.spanContext ?? this.span?.spanContext();
    return context !== undefined && (context.traceFlags & FLAG_SAMPLED) !== 0 ? context : undefined;
  }

  /** False where there will be no span, so that its attributes need not be looked up. */
  get isTraced(): boolean {
    return this.candidate !== undefined || this.exemplarContext !== undefined;
  }

  account(): void {
    this.owner.account(this);
  }

  /** True where the time that it takes, or the place that it has, is counted. */
  get isMetered(): boolean {
    return this.deadline !== undefined || this.permit !== undefined;
  }

  /** The context that its headers are written from. */
  propagatedContext(): Context {
    const { context, inner, span, spanContext } = this;
    if (inner !== context) return inner;
    if (span !== undefined) return contextWithSpan(context, span);
    return spanContext === undefined ? context : contextWithSpan(context, trace.wrapSpanContext(spanContext));
  }

  /** What it has in common with others, as far as it has come. */
  get kind(): CallKind {
    if (this.#kind !== undefined) return this.#kind;
    const { remoteAddress, remotePort } = this.peer ?? {};
    const { kinds } = this.target.authority;
    const kind = kinds.of(this.method, this.statusCode, this.protocolVersion, remoteAddress, remotePort);
    if (this.isSpanEnded) this.#kind = kind;
    return kind;
  }

  sharedAttributes(): SharedAttributes {
    return this.kind.attributes;
  }

  ownAttributes(): Attributes {
    return collected(this);
  }

  describeOwn(to: AttributeSink): void {
    const { target, method, errorType, resendCount } = this;
    if (isPlainPath(target.path)) to.joined('url.full', target.authority.origin, target.path);
    else to.attribute('url.full', redactedUrlOf(target));
    if (method.index === 0) to.attribute('http.request.method_original', target.method.slice(0, 100));
    if (errorType !== undefined) to.attribute('error.type', errorType);
    if (resendCount > 0) to.attribute('http.request.resend_count', resendCount);
  }
}
