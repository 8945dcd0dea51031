type PinoKey = 'messageKey' | 'errorKey' | 'mixin' | 'chindings';

/** The symbols of one installed copy of pino. */
type Symbols = Partial<Record<PinoKey, symbol>>;

const keys: readonly PinoKey[] = ['messageKey', 'errorKey', 'mixin', 'chindings'];

// One copy of pino in nearly every process. Past a few the search is made again each time.
const known: Symbols[] = [];
const maxKnown = 8;

/** What pino keeps of a logger under a symbol of its own, which its children inherit; undefined for what is no pino logger. */
export function pinoSymbol(logger: object, key: PinoKey): unknown {
  const symbol = pinoSymbols(logger)?.[key];
  return symbol === undefined ? undefined : (logger as Record<symbol, unknown>)[symbol];
}

/** The symbols that this logger's pino uses, undefined for what is no pino logger. */
export function pinoSymbols(logger: object): Symbols | undefined {
  for (const symbols of known) {
    if (symbols.messageKey !== undefined && symbols.messageKey in logger) return symbols;
  }
  const found: Symbols = {};
  for (let at: object | null = logger; at !== null; at = Object.getPrototypeOf(at)) {
    for (const symbol of Object.getOwnPropertySymbols(at)) {
      const key = keys.find((name) => symbol.description === `pino.${name}`);
      if (key !== undefined) found[key] ??= symbol;
    }
  }
  if (found.messageKey === undefined) return undefined;
  if (known.length < maxKnown) known.push(found);
  return found;
}
