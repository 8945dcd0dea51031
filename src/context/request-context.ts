import {
  type Baggage,
  type Context,
  createContextKey,
  propagation,
  type Span,
  trace,
} from '@opentelemetry/api';
import { parseBaggage } from './baggage.js';
import { DerivedContext } from './derived-context.js';
import { FLAG_RANDOM } from './traceparent.js';
import { TRACE_RANDOMNESS_KEY } from './w3c-propagator.js';

// The API keeps its keys to itself, but a key is a registered symbol: reading them back tells which they are, whatever the
// API's version calls them.
const spanKey = keyUsedBy((context) =>
  trace.setSpan(context, trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: 0 })),
);
const baggageKey = keyUsedBy((context) => propagation.setBaggage(context, propagation.createBaggage()));

function keyUsedBy(set: (context: Context) => Context): symbol {
  let used: symbol | undefined;
  const probe: Context = {
    getValue: () => undefined,
    setValue(key) {
      used = key;
      return probe;
    },
    deleteValue: () => probe,
  };
  set(probe);
  return used as symbol;
}

/** Under this key a context says which request it belongs to. */
export const REQUEST_KEY = createContextKey('golden-signals request');

/**
 * The context of one request: its span, and its baggage, which is parsed on first use. Building one costs a single object instead of a
 * map for each value.
 */
export class RequestContext implements Context {
  readonly #span: Span;
  readonly #baggageHeader: string | undefined;
  #baggage: Baggage | undefined;
  #isBaggageRead: boolean;
  readonly #request: unknown;

  constructor(span: Span, baggageHeader: string | undefined, request: unknown) {
    this.#request = request;
    this.#span = span;
    this.#baggageHeader = baggageHeader;
    this.#baggage = undefined;
    this.#isBaggageRead = baggageHeader === undefined;
  }

  getValue(key: symbol): unknown {
    if (key === spanKey) return this.#span;
    if (key === baggageKey) return this.#readBaggageOnce();
    if (key === REQUEST_KEY) return this.#request;
    if (key === TRACE_RANDOMNESS_KEY) {
      const { traceId, traceFlags } = this.#span.spanContext();
      return { traceId, random: (traceFlags & FLAG_RANDOM) !== 0 };
    }
    return undefined;
  }

  setValue(key: symbol, value: unknown): Context {
    return new DerivedContext(this, key, value);
  }

  deleteValue(key: symbol): Context {
    return new DerivedContext(this, key, undefined);
  }

  #readBaggageOnce(): Baggage | undefined {
    if (!this.#isBaggageRead) {
      this.#isBaggageRead = true;
      this.#baggage = parseBaggage(this.#baggageHeader);
    }
    return this.#baggage;
  }
}

/** A context with another span: as `trace.setSpan()`, without copying the map that the API's own contexts keep. */
export function contextWithSpan(context: Context, span: Span): Context {
  return new DerivedContext(context, spanKey, span);
}
