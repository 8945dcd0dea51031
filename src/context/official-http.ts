import {
  type Context,
  context as contextApi,
  INVALID_SPAN_CONTEXT,
  type Meter,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { BENEATH } from '../core/patch.js';
import { REQUEST_KEY } from './request-context.js';

/** A request that is being served, as far as it is of use here. */
interface Served {
  readonly req?: { readonly headers?: unknown };
  readonly span?: Span | undefined;
  readonly context?: Context | undefined;
  readonly isEnded?: boolean;
}

const scopes = /(?:^|\/)instrumentation-(?:http|undici)$/;

/** The official instrumentations that observe what this library observes, by the scope of what they record. */
export function isOfficialHttp(scope: unknown): boolean {
  return typeof scope === 'string' && scopes.test(scope);
}

/** True once an official instrumentation has asked for a tracer: only then are its spans looked for. */
let isPresent = false;
/** SERVER spans that began before our own record did. */
const outer = new WeakSet<Span>();
/** True between the end of a span that was given up and the measurement of the same request, which follows at once. */
let isNextMeasured = false;

/** The span that an official instrumentation gets in place of a second one for the same request or call. It records nothing itself. */
class YieldedSpan implements Span {
  readonly #context: SpanContext;
  readonly #isRequest: boolean;
  readonly #ours: Span | undefined;

  constructor(context: SpanContext, isRequest: boolean, ours?: Span | undefined) {
    this.#context = context;
    this.#isRequest = isRequest;
    this.#ours = ours;
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  setAttribute(...args: Parameters<Span['setAttribute']>): this {
    this.#ours?.setAttribute(...args);
    return this;
  }

  setAttributes(...args: Parameters<Span['setAttributes']>): this {
    this.#ours?.setAttributes(...args);
    return this;
  }

  addEvent(...args: Parameters<Span['addEvent']>): this {
    this.#ours?.addEvent(...args);
    return this;
  }

  addLink(...args: Parameters<Span['addLink']>): this {
    this.#ours?.addLink(...args);
    return this;
  }

  addLinks(...args: Parameters<Span['addLinks']>): this {
    this.#ours?.addLinks(...args);
    return this;
  }

  setStatus(): this {
    return this;
  }

  updateName(): this {
    return this;
  }

  end(): void {
    isNextMeasured = this.#isRequest;
  }

  isRecording(): boolean {
    return this.#ours?.isRecording() === true;
  }

  recordException(...args: Parameters<Span['recordException']>): void {
    this.#ours?.recordException(...args);
  }
}

/** True where headers are written by the call that the span stands for, and not before. */
export function isYielded(context: Context): boolean {
  return isPresent && trace.getSpan(context) instanceof YieldedSpan;
}

/**
 * The tracer of an official instrumentation where spans leave through this library: of each request and call there is one span, ours.
 * A server that is not observed here keeps its spans.
 */
export function yieldingTracer(scope: string, tracer: Tracer): Tracer {
  isPresent = true;
  const isActivated = scope.endsWith('-http');
  return {
    startActiveSpan: tracer.startActiveSpan,
    startSpan(name: string, options?: SpanOptions, context = contextApi.active()): Span {
      if (options?.kind === SpanKind.CLIENT) {
        // That of undici never becomes active: with no ids it is not written into headers either.
        const parent = isActivated ? trace.getSpanContext(context) : undefined;
        return new YieldedSpan(parent ?? INVALID_SPAN_CONTEXT, false);
      }
      if (options?.kind !== SpanKind.SERVER) return tracer.startSpan(name, options, context);
      const served = context.getValue(REQUEST_KEY) as Served | undefined;
      const own = served?.context === undefined ? undefined : trace.getSpanContext(served.context);
      if (served !== undefined && own !== undefined && served.isEnded !== true)
        return new YieldedSpan(own, true, served.span);
      const span = tracer.startSpan(name, options, context);
      outer.add(span);
      return span;
    },
  };
}

/** Its meter: the duration of a request or call that is measured here is measured once. */
export function yieldingMeter(meter: Meter): Meter {
  isPresent = true;
  return new Proxy(meter, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (key !== 'createHistogram') return typeof value === 'function' ? value.bind(target) : value;
      return (...args: Parameters<Meter['createHistogram']>): ReturnType<Meter['createHistogram']> => {
        const histogram = target.createHistogram(...args);
        const [name] = args;
        if (name === 'http.client.request.duration') return { record() {} };
        if (name !== 'http.server.request.duration') return histogram;
        return {
          record(...recorded) {
            const isMeasured = isNextMeasured;
            isNextMeasured = false;
            if (!isMeasured) histogram.record(...recorded);
          },
        };
      };
    },
  });
}

/** Gives up the span that an official instrumentation has begun for a request, as our own begins for it now. */
export function supersede(context: Context): void {
  if (!isPresent) return;
  const span = trace.getSpan(context);
  if (span === undefined || !outer.has(span)) return;
  outer.delete(span);
  span.end = () => {
    isNextMeasured = true;
  };
}

/**
 * Ties what an official instrumentation makes of the headers of a request to the record of that request: it begins a context of its
 * own within ours.
 */
export function withServed(extracted: Context, carrier: unknown): Context {
  const served = contextApi.active().getValue(REQUEST_KEY) as Served | null | undefined;
  return served?.req?.headers === carrier && served?.isEnded !== true
    ? extracted.setValue(REQUEST_KEY, served)
    : extracted;
}

const rpcKey = Symbol.for('OpenTelemetry SDK Context Key RPC_METADATA');

/** The official instrumentation marks what it has wrapped so; under a wrapper of ours too, of this copy or another one. */
function isWrapped(method: unknown): boolean {
  let at = method as { __wrapped?: unknown; [BENEATH]?: unknown } | undefined;
  for (let depth = 0; at !== undefined && depth < 100; depth += 1) {
    if (at.__wrapped === true) return true;
    at = at[BENEATH] as typeof at;
  }
  return false;
}

/**
 * True where an SDK of the application's own has its official instrumentation observe this request: its span is active already, or it
 * stands beneath our own wrapper and begins one within.
 */
export function isServedElsewhere(context: Context, server: unknown): boolean {
  if (isWrapped((server as { readonly emit?: unknown } | undefined)?.emit)) return true;
  const metadata = context.getValue(rpcKey) as { readonly type?: unknown } | undefined;
  return (
    metadata?.type === 'http' ||
    (trace.getSpan(context) as { kind?: SpanKind } | undefined)?.kind === SpanKind.SERVER
  );
}

/** True where the active span is the one that an official instrumentation has begun for a call. */
export function isCalledElsewhere(context: Context): boolean {
  const span = trace.getSpan(context) as
    | {
        kind?: SpanKind;
        instrumentationScope?: { name?: unknown };
        instrumentationLibrary?: { name?: unknown };
      }
    | undefined;
  if (span instanceof YieldedSpan) return true;
  if (span?.kind !== SpanKind.CLIENT) return false;
  return isOfficialHttp((span.instrumentationScope ?? span.instrumentationLibrary)?.name);
}
