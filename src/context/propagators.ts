import type { Context, TextMapGetter, TextMapPropagator, TextMapSetter } from '@opentelemetry/api';
import { isYielded, withServed } from './official-http.js';
import { createW3CBaggagePropagator, createW3CTraceContextPropagator } from './w3c-propagator.js';

/** The propagators of OTEL_PROPAGATORS, as one. */
export interface Propagation {
  readonly propagator: TextMapPropagator;
  /** True for exactly Trace Context and Baggage, which the request path reads in a faster way. */
  readonly isW3C: boolean;
}

/** Packages of formats that this one does not bring along, and what to take from them. */
const optional: Readonly<
  Record<string, { readonly module: string; make(exports: Record<string, unknown>): TextMapPropagator }>
> = {
  b3: { module: '@opentelemetry/propagator-b3', make: ({ B3Propagator }) => new (B3Propagator as B3)() },
  b3multi: {
    module: '@opentelemetry/propagator-b3',
    make: ({ B3Propagator, B3InjectEncoding }) =>
      new (B3Propagator as B3)({
        injectEncoding: (B3InjectEncoding as Record<string, unknown>).MULTI_HEADER,
      }),
  },
  jaeger: {
    module: '@opentelemetry/propagator-jaeger',
    make: ({ JaegerPropagator }) => new (JaegerPropagator as B3)(),
  },
};

type B3 = new (options?: object) => TextMapPropagator;

const defaultNames = ['tracecontext', 'baggage'];

/**
 * Makes the propagators by their names, in order; without any name, those of the default. `load` is the application's own require: a
 * package that cannot be had from it is reported through `onMissing` and left out.
 */
export function createPropagation(
  given: readonly string[],
  load: (module: string) => unknown,
  onMissing: (message: string) => void,
): Propagation {
  // A list of nothing but unknown names is no way to turn propagation off: 'none' is.
  const names = given.length === 0 ? defaultNames : given;
  const made: TextMapPropagator[] = [];
  for (const name of names) {
    if (name === 'none') continue;
    if (name === 'tracecontext') made.push(createW3CTraceContextPropagator());
    else if (name === 'baggage') made.push(createW3CBaggagePropagator());
    else {
      const { module, make } = optional[name] as (typeof optional)[string];
      try {
        made.push(make(load(module) as Record<string, unknown>));
      } catch {
        onMissing(
          `OTEL_PROPAGATORS names ${name}, but the package ${module} is not installed: install it, or take the name out; it is left out until then`,
        );
      }
    }
  }
  const isW3C = names.length === 2 && names.includes('tracecontext') && names.includes('baggage');
  return { propagator: composite(made), isW3C };
}

/** One that fails must not keep the others from their work. */
function composite(propagators: readonly TextMapPropagator[]): TextMapPropagator {
  return {
    inject<Carrier>(context: Context, carrier: Carrier, setter: TextMapSetter<Carrier>) {
      if (isYielded(context)) return;
      for (const propagator of propagators) {
        try {
          propagator.inject(context, carrier, setter);
        } catch {
          // A foreign propagator's fault: the call goes out without its header.
        }
      }
    },
    extract<Carrier>(context: Context, carrier: Carrier, getter: TextMapGetter<Carrier>) {
      let result = context;
      for (const propagator of propagators) {
        try {
          result = propagator.extract(result, carrier, getter);
        } catch {
          // As above: what the others found still counts.
        }
      }
      return withServed(result, carrier);
    },
    fields: () => [...new Set(propagators.flatMap((propagator) => propagator.fields()))],
  };
}
