import { isError } from './core/is-error.js';
/**
 * Every code an error of this package can carry, with what it means. README's table is compared with this one by a test.
 * A code is stable: it is never reused or renamed.
 */
export const ERROR_CODES = {
  ERR_GS_APP: 'What was handed to instrument() is not an application or server that it knows.',
  ERR_GS_OPTION: 'An option has an unknown name, a wrong type or a value out of range.',
  ERR_GS_MISUSE: 'A method was called in a way its contract excludes.',
  ERR_UPSTREAM_TIMEOUT:
    'A call took longer, its body included, than the time-out that its upstream is given.',
  ERR_CIRCUIT_OPEN: 'The circuit breaker of an upstream rejected the call without making it.',
  ERR_CALLER_GONE:
    'The caller of the request being served closed the connection before the response was complete.',
  ERR_DEADLINE_EXCEEDED: 'The request being served took longer than its caller said it would wait.',
} as const;

/** One of the stable codes of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** False where Node's own objects are made by another realm than ours, as under Jest. Asked of a module that every Node has loaded. */
const isRealmOfNode = Object.getPrototypeOf(process.getBuiltinModule('node:util').types) === Object.prototype;

/**
 * The base of every error this package throws. Tell it apart by `code`, not by `instanceof`: two installed copies of the
 * package then still agree.
 */
export class GoldenSignalsError extends Error {
  override readonly name: string = 'GoldenSignalsError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    // The built-in fetch takes an error of another realm for one by this name alone, and would keep no more than its text.
    if (!isRealmOfNode)
      Object.defineProperty(this, 'constructor', { value: Error, configurable: true, writable: true });
  }
}

/** True for an error of this package, also for one made by another installed copy of it. */
export function isGoldenSignalsError(error: unknown): error is GoldenSignalsError {
  return isError(error) && 'code' in error && Object.hasOwn(ERROR_CODES, String(error.code));
}
