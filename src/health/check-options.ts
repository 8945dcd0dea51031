import { bool, func, integer, oneOf, positive, record, reject, text, within } from '../core/check.js';
import { maxTimerMs } from '../core/timers.js';

/**
 * Asks one question about the service's own state or surroundings. Pass: it returns or resolves with anything but `false`; fail: `false`,
 * the Response of a fetch that is not ok, or anything thrown; or it says so itself with `{ status: 'pass' | 'warn' | 'fail', output?, observedValue?, observedUnit? }`.
 * The signal aborts when the time is up.
 */
export type CheckFunction = (signal: AbortSignal) => unknown;

export interface CheckOptions {
  /** The check itself. */
  readonly run: CheckFunction;
  /**
   * True takes this instance out of service (ready 503) while the check fails. For what this instance alone can lose: its disk, its own
   * pool, a leader lock; not for a database that every replica shares. @default false
   */
  readonly critical?: boolean;
  /** Rest between two runs, in milliseconds, ±10 %; 0 runs it when asked, at most once a second. @default 10_000 */
  readonly intervalMs?: number;
  /** How long a run may take before it counts as failed, in milliseconds. @default 2_000 */
  readonly timeoutMs?: number;
  /** Failures in a row before the status becomes fail. @default 1 */
  readonly failAfter?: number;
  /** Other results in a row before it stops being fail. @default 1 */
  readonly passAfter?: number;
  /** Age at which a result no longer counts and the check fails as stale, in milliseconds. @default 3 × intervalMs, or 2 × intervalMs + timeoutMs if that is more */
  readonly maxAgeMs?: number;
  /** How long a critical failure is only a warning, in milliseconds. @default the `criticalGraceMs` of the health options */
  readonly criticalGraceMs?: number;
  /** Groups it belongs to; each is served at `<path>/<group>`. @default [] */
  readonly groups?: readonly string[];
  /** What is asked about, in the detailed body. @default 'component' */
  readonly componentType?: 'component' | 'datastore' | 'system';
  /** Routes that suffer when it fails, in the detailed body. @default [] */
  readonly affectedEndpoints?: readonly string[];
}

export type CheckConfig = Readonly<Required<CheckOptions>>;

const known = [
  'run',
  'critical',
  'intervalMs',
  'timeoutMs',
  'failAfter',
  'passAfter',
  'maxAgeMs',
  'criticalGraceMs',
  'groups',
  'componentType',
  'affectedEndpoints',
] as const satisfies readonly (keyof CheckOptions)[];

const componentTypes = ['component', 'datastore', 'system'] as const;
const reservedGroups: readonly string[] = ['live', 'ready', 'startup'];

/** @throws GoldenSignalsError `ERR_GS_OPTION` that names the option below `path`. */
export function resolveCheck(
  path: string,
  given: CheckFunction | CheckOptions,
  graceMs: number,
): CheckConfig {
  if (typeof given === 'function') return resolveCheck(path, { run: given }, graceMs);
  record(path, given, known);
  const {
    run,
    critical = false,
    intervalMs = 10_000,
    timeoutMs = 2_000,
    failAfter = 1,
    passAfter = 1,
    criticalGraceMs = graceMs,
    groups = [],
    componentType = 'component',
    affectedEndpoints = [],
  } = given;
  func(`${path}.run`, run);
  bool(`${path}.critical`, critical);
  within(`${path}.intervalMs`, intervalMs, 0, maxTimerMs / 2);
  within(`${path}.timeoutMs`, timeoutMs, 1, maxTimerMs);
  // A run that may take as long as it rests would be stale before its successor can answer.
  const {
    maxAgeMs = intervalMs === 0 ? Number.MAX_VALUE : Math.max(3 * intervalMs, 2 * intervalMs + timeoutMs),
  } = given;
  positive(`${path}.maxAgeMs`, maxAgeMs);
  integer(`${path}.failAfter`, failAfter);
  integer(`${path}.passAfter`, passAfter);
  within(`${path}.criticalGraceMs`, criticalGraceMs, 0, Number.MAX_VALUE);
  texts(`${path}.groups`, groups, groupName);
  texts(`${path}.affectedEndpoints`, affectedEndpoints, text);
  oneOf(`${path}.componentType`, componentType, componentTypes);
  return Object.freeze({
    run,
    critical,
    intervalMs,
    timeoutMs,
    failAfter,
    passAfter,
    maxAgeMs,
    criticalGraceMs,
    groups: Object.freeze([...groups]),
    componentType,
    affectedEndpoints: Object.freeze([...affectedEndpoints]),
  });
}

function texts(path: string, value: unknown, check: (path: string, item: unknown) => void): void {
  if (!Array.isArray(value)) reject(path, 'an array of strings', value);
  for (const [index, item] of value.entries()) check(`${path}[${index}]`, item);
}

function groupName(path: string, value: unknown): void {
  if (typeof value !== 'string' || !/^[\w.-]+$/.test(value) || reservedGroups.includes(value)) {
    reject(
      path,
      `a name of letters, digits, '.', '_' and '-' other than ${reservedGroups.join(', ')}`,
      value,
    );
  }
}
