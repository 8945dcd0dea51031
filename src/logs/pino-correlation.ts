import { traceFields } from '../context/trace-fields.js';
import { pinoSymbols } from './pino-symbols.js';

type Mixin = (merged: object, level: number, logger: object) => object;

const correlated = new WeakSet<object>();

/**
 * Gives a pino logger, and with it its children made before or after, the ids of the active span, beside a mixin of the user's own.
 * A field that the line already has stays as it is, and no second one is written. False for what is no pino logger.
 */
export function correlatePino(logger: unknown): boolean {
  if (typeof logger !== 'object' || logger === null) return false;
  if (correlated.has(logger)) return true;
  const symbols = pinoSymbols(logger);
  if (symbols?.mixin === undefined) return false;
  const { mixin: key, chindings } = symbols;
  const holder = logger as Record<symbol, unknown>;
  const given = holder[key];
  const mixin: Mixin = (merged, level, line) => {
    const fields = traceFields();
    const theirs =
      typeof given === 'function' ? (given.call(line, merged, level, line) as object) : undefined;
    if (fields.trace_id === undefined || isBound(line, chindings)) return theirs ?? {};
    // A new object: pino writes into what a mixin gives.
    return theirs === undefined ? fields : { ...fields, ...theirs };
  };
  holder[key] = mixin;
  correlated.add(logger);
  return true;
}

/** True for a child whose bindings, which pino keeps as text, already have a trace id. */
function isBound(logger: object, chindings: symbol | undefined): boolean {
  if (chindings === undefined) return false;
  const bound = (logger as Record<symbol, unknown>)[chindings];
  return typeof bound === 'string' && bound.includes('"trace_id":');
}
