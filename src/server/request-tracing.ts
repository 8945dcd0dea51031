import type { IncomingHttpHeaders } from 'node:http';
import {
  type Context,
  defaultTextMapGetter,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api';
import { supersede } from '../context/official-http.js';
import { REQUEST_KEY, RequestContext } from '../context/request-context.js';
import { activeContext } from '../context/storage.js';
import { FLAG_RANDOM, FLAG_SAMPLED, parseTraceparent } from '../context/traceparent.js';
import { parseTracestate } from '../context/tracestate.js';
import { createSpanContext, ReceivedSpanContext } from '../context/w3c-span-context.js';
import type { IdGenerator } from '../core/ids.js';
import { Candidate, type Keeper } from '../trace/keeper.js';
import { LiveSpan, type SpanOrigin } from '../trace/live-span.js';
import type { Sampler } from '../trace/sampler.js';
import type { SharedAttributes } from '../trace/shared-attributes.js';
import { createRequestKinds } from './request-kinds.js';
import type { RequestRecord } from './request-record.js';
import { createSpanNames } from './span-names.js';

/** Gives a request its context and span, and ends the span. */
export interface RequestTracing {
  begin(record: RequestRecord, isRestart: boolean): Context;
  end(record: RequestRecord, endMs: number): void;
  /** The context of a request that is neither traced nor measured: what the caller sent is passed on. */
  passThrough(headers: IncomingHttpHeaders): Context;
}

/** What a caller sent: the parent, and the context that a span under it lives in. */
interface Inbound {
  readonly parent: SpanContext | undefined;
  contextOf(span: Span, record: RequestRecord | undefined): Context;
}

/** Reads a caller's headers. */
export type Extract = (headers: IncomingHttpHeaders) => Inbound;

const nothing: Inbound = {
  parent: undefined,
  contextOf: (span, record) => new RequestContext(span, undefined, record),
};

class W3CInbound implements Inbound {
  readonly parent: SpanContext | undefined;
  readonly #baggage: string | undefined;

  constructor(parent: SpanContext | undefined, baggage: string | undefined) {
    this.parent = parent;
    this.#baggage = baggage;
  }

  contextOf(span: Span, record: RequestRecord | undefined): Context {
    return new RequestContext(span, this.#baggage, record);
  }
}

/** W3C Trace Context and Baggage, read without a carrier, a getter or a map: what OTEL_PROPAGATORS says by default. */
export const extractW3C: Extract = (headers) => {
  const received = parseTraceparent(headers.traceparent);
  const baggage = headers.baggage as string | undefined;
  if (received === undefined) return baggage === undefined ? nothing : new W3CInbound(undefined, baggage);
  const { traceId, spanId, flags } = received;
  const state = headers.tracestate === undefined ? undefined : parseTracestate(headers.tracestate);
  const parent = new ReceivedSpanContext(traceId, spanId, flags, state);
  return new W3CInbound(parent, baggage);
};

/** Any other set of propagators. */
export function extractWith(propagator: TextMapPropagator): Extract {
  return (headers) => {
    const context = propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
    return {
      parent: trace.getSpanContext(context),
      contextOf: (span, record) => trace.setSpan(context, span).setValue(REQUEST_KEY, record),
    };
  };
}

export interface RequestTracingParts {
  readonly origin: SpanOrigin;
  readonly ids: IdGenerator;
  readonly sampler: Sampler;
  /** Undefined where no span is kept that is not sampled. */
  readonly keeper: Keeper | undefined;
  readonly extract: Extract;
  /** Notifies the user's span processors that a span has started; undefined without processors. */
  readonly started: ((span: LiveSpan, context: Context) => void) | undefined;
}

/** Spans of this library's own. */
export function createRequestTracing(parts: RequestTracingParts): RequestTracing {
  const { origin, ids, sampler, keeper, extract, started } = parts;
  const nameOf = createSpanNames();
  const kindOf = createRequestKinds();
  return {
    begin(record, isRestart) {
      supersede(activeContext());
      const received = extract(record.headers);
      const inbound = isRestart ? nothing : received;
      const { parent } = inbound;
      const traceId = parent === undefined ? ids.traceId() : parent.traceId;
      const isSampled = sampler(parent, traceId);
      // A trace that is continued keeps its random bit; ids of our own are random in every bit (Trace Context Level 2).
      const random = parent === undefined ? FLAG_RANDOM : parent.traceFlags & FLAG_RANDOM;
      const flags = isSampled ? random | FLAG_SAMPLED : random;
      const own = createSpanContext(parent, traceId, ids.spanId(), flags);
      if (!isSampled && keeper === undefined) return inbound.contextOf(trace.wrapSpanContext(own), record);
      const { socket } = record;
      record.remoteAddress = socket?.remoteAddress;
      record.remotePort = socket?.remotePort;
      const span = new LiveSpan(
        origin,
        SpanKind.SERVER,
        record.method.spanName,
        own,
        parent,
        record.startMs,
        record,
      );
      if (!isSampled) span.candidate = new Candidate(record.startMs, span);
      // A restarted trace still knows where it came from (OpenTelemetry: "a new trace is started and linked").
      if (isRestart && received.parent !== undefined) span.addLink({ context: received.parent });
      const context = inbound.contextOf(span, record);
      record.span = span;
      started?.(span, context);
      return context;
    },
    end(record, endMs) {
      const span = record.span as LiveSpan | undefined;
      if (span === undefined) return;
      if (!span.isNamedByUser && record.route !== undefined) span.name = nameOf(record.method, record.route);
      if (record.errorType !== undefined && span.status.code === SpanStatusCode.UNSET) {
        span.status = { code: SpanStatusCode.ERROR };
      }
      const { candidate } = span;
      const hasFailed = span.status.code === SpanStatusCode.ERROR;
      const isKept =
        candidate === undefined || keeper?.decide(candidate, endMs - record.startMs, hasFailed) === true;
      // Only a processor of the user's is shown what is not kept.
      if (isKept || started !== undefined) {
        record.shared = tryToShare(record);
        span.endAt(endMs);
      } else span.forget(endMs);
    },
    passThrough: (headers) => passThrough(extract, headers, undefined),
  };

  /** Of a request that was made up the headers may be anything. */
  function tryToShare(record: RequestRecord): SharedAttributes | undefined {
    try {
      return kindOf(record);
    } catch {
      return undefined;
    }
  }
}

/** No spans at all: what the caller sent still reaches the services behind. */
export function createPassThrough(extract: Extract): RequestTracing {
  return {
    begin: (record) => passThrough(extract, record.headers, record),
    end() {},
    passThrough: (headers) => passThrough(extract, headers, undefined),
  };
}

function passThrough(
  extract: Extract,
  headers: IncomingHttpHeaders,
  record: RequestRecord | undefined,
): Context {
  const inbound = extract(headers);
  return inbound.contextOf(trace.wrapSpanContext(inbound.parent ?? noParent), record);
}

const noParent: SpanContext = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 };
