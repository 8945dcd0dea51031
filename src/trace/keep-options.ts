import { bool, record, reject } from '../core/check.js';

/** Which local roots are exported although their trace is not sampled, with all the spans that they have in this process. */
export interface KeepOptions {
  /** Those that fail: a response of 5xx, an exception, a span with the status ERROR. @default true */
  readonly errors?: boolean;
  /** Those that take longer, in milliseconds; Infinity for none. @default 1000 */
  readonly slowerThanMs?: number;
}

export interface KeepConfig {
  readonly errors: boolean;
  readonly slowerThanMs: number;
}

/** Undefined where nothing is kept. Throws `ERR_GS_OPTION`. */
export function resolveKeep(given: KeepOptions | false): KeepConfig | undefined {
  if (given === false) return undefined;
  record('traces.keep', given, ['errors', 'slowerThanMs']);
  const { errors = true, slowerThanMs = 1_000 } = given;
  bool('traces.keep.errors', errors);
  if (typeof slowerThanMs !== 'number' || !(slowerThanMs >= 0))
    reject('traces.keep.slowerThanMs', 'a number of 0 or more', slowerThanMs);
  if (!errors && slowerThanMs === Number.POSITIVE_INFINITY) return undefined;
  return Object.freeze({ errors, slowerThanMs });
}
