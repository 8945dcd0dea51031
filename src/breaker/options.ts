import { bool, func, integer, notNegative, oneOf, positive, record, reject, within } from '../core/check.js';
import { maxTimerMs } from '../core/timers.js';

const MODES = ['enforce', 'observe', 'off'] as const;

/**
 * What a breaker does with its judgement: `enforce` rejects, `observe` never rejects and reports what it would have done,
 * `off` lets everything pass and records nothing.
 */
export type BreakerMode = (typeof MODES)[number];

const OPEN_AS = ['last', 'error', 'response'] as const;

/**
 * What a call over HTTP gets that an open circuit turns away: `error` is a `CircuitOpenError`, `response` an answer of 503 that no
 * upstream has sent, `last` the one of the two that is of the kind of the upstream's last failure.
 */
type OpenAs = (typeof OPEN_AS)[number];

/** What a call came to, as far as it is known: an HTTP status, or what was thrown. */
export interface BreakerOutcome {
  readonly status?: number;
  readonly error?: unknown;
}

/** Judges an outcome: true is a failure, false a success, 'ignore' is no evidence either way. */
export type IsFailure = (outcome: BreakerOutcome) => boolean | 'ignore';

/** When a call may be tried again. Only calls that are safe to repeat ever are. */
export interface RetryOptions {
  /** Attempts in all, the first included. @default 3 */
  readonly attempts?: number;
  /** Retries allowed per first attempt, from above 0 to 1; past that share a failure is final. @default 0.2 */
  readonly budgetRatio?: number;
}

/** How the circuit breaker of one upstream behaves. Every option may be left out. */
export interface BreakerOptions {
  /** @default 'enforce' */
  readonly mode?: BreakerMode;
  /** How far back calls count, in milliseconds, in ten slices: a call counts for nine to ten tenths of it. @default 10_000 */
  readonly windowMs?: number;
  /** Judge by the last so many calls instead of by time. At most 100,000. Excludes `windowMs`. */
  readonly windowCalls?: number;
  /** Calls the window must hold before it is judged; never more than `windowCalls`. @default 20 */
  readonly minimumCalls?: number;
  /** Share of failed calls that opens the circuit, above 0 and up to 1; reaching it is enough. @default 0.5 */
  readonly failureRatio?: number;
  /** A call that takes longer is slow, in milliseconds, also while it is still under way. @default off */
  readonly slowCallMs?: number;
  /** Share of slow calls that opens the circuit, above 0 and up to 1; reaching it is enough. @default 1 */
  readonly slowRatio?: number;
  /** How long the circuit stays open the first time, in milliseconds; it doubles while the probes fail. @default 5_000 */
  readonly openMs?: number;
  /** Bound of that doubling, before jitter, and of a Retry-After, in milliseconds. @default 60_000, or `openMs` if that is more */
  readonly maxOpenMs?: number;
  /** Each open period is made longer by a random share of itself up to this, in [0, 1]; not one that a Retry-After has named. @default 0.1 */
  readonly jitterRatio?: number;
  /** Results that decide a half-open circuit, and calls let through at once for them, 1 to 1,000. @default 3 */
  readonly probes?: number;
  /**
   * After so many milliseconds the place of a probe that has no result yet is given to one more call; its own result still counts.
   * @default the longest of open period, `openMs`, `timeoutMs`
   */
  readonly leaseMs?: number;
  /** Which outcomes count against the upstream. @default whatever throws */
  readonly isFailure?: IsFailure;
  /** What a call over HTTP gets that the open circuit turns away; `run()` always throws. @default 'last' */
  readonly openAs?: OpenAs;
  /**
   * True: a 429 or 503 with a Retry-After that `isFailure` does not take for good, or for no evidence, opens the circuit at once, for as
   * long as it says and at most `maxOpenMs`. @default false
   */
  readonly holdOnRetryAfter?: boolean;
  /** Deadline of one attempt, its body included, in milliseconds. @default off */
  readonly timeoutMs?: number;
  /** Calls under way at once; one more is rejected at once. @default off */
  readonly maxConcurrent?: number;
  /** Retries of idempotent requests, within a budget. @default off */
  readonly retry?: RetryOptions;
}

/** {@link BreakerOptions} complete and checked; `undefined` means off. */
export interface BreakerConfig {
  readonly mode: BreakerMode;
  readonly windowMs: number;
  readonly windowCalls: number | undefined;
  readonly minimumCalls: number;
  readonly failureRatio: number;
  readonly slowCallMs: number | undefined;
  readonly slowRatio: number;
  readonly openMs: number;
  readonly maxOpenMs: number;
  readonly jitterRatio: number;
  readonly probes: number;
  readonly leaseMs: number | undefined;
  readonly isFailure: IsFailure | undefined;
  readonly openAs: OpenAs;
  readonly holdOnRetryAfter: boolean;
  readonly timeoutMs: number | undefined;
  readonly maxConcurrent: number | undefined;
  readonly retry: Readonly<Required<RetryOptions>> | undefined;
}

const KNOWN = [
  'mode',
  'windowMs',
  'windowCalls',
  'minimumCalls',
  'failureRatio',
  'slowCallMs',
  'slowRatio',
  'openMs',
  'maxOpenMs',
  'jitterRatio',
  'probes',
  'leaseMs',
  'isFailure',
  'openAs',
  'holdOnRetryAfter',
  'timeoutMs',
  'maxConcurrent',
  'retry',
] as const satisfies readonly (keyof BreakerOptions)[];

const maxWindowCalls = 100_000;
const maxProbes = 1_000;

/**
 * Completes and checks the options of a breaker; the caller's object is left alone.
 * @throws GoldenSignalsError `ERR_GS_OPTION` on an unknown name or a value out of range.
 */
export function resolveBreaker(given: BreakerOptions = {}, path = 'breaker'): BreakerConfig {
  record(path, given, KNOWN);
  if (given !== NONE && Object.keys(given).length === 0) return DEFAULTS;
  const { mode = 'enforce', windowMs = 10_000, windowCalls, minimumCalls = 20, failureRatio = 0.5 } = given;
  const { slowCallMs, slowRatio = 1, openMs = 5_000, jitterRatio = 0.1, probes = 3 } = given;
  const { leaseMs, isFailure, timeoutMs, maxConcurrent, retry } = given;
  const { openAs = 'last', holdOnRetryAfter = false } = given;

  checkMode(`${path}.mode`, mode);
  positive(`${path}.windowMs`, windowMs);
  if (windowCalls !== undefined) {
    integer(`${path}.windowCalls`, windowCalls);
    within(`${path}.windowCalls`, windowCalls, 1, maxWindowCalls);
    if (given.windowMs !== undefined)
      reject(`${path}.windowCalls`, 'left out when windowMs is given', windowCalls);
  }
  integer(`${path}.minimumCalls`, minimumCalls);
  ratio(`${path}.failureRatio`, failureRatio);
  if (slowCallMs !== undefined) notNegative(`${path}.slowCallMs`, slowCallMs);
  ratio(`${path}.slowRatio`, slowRatio);
  positive(`${path}.openMs`, openMs);
  const { maxOpenMs = Math.max(60_000, openMs) } = given;
  positive(`${path}.maxOpenMs`, maxOpenMs);
  if (maxOpenMs < openMs) reject(`${path}.maxOpenMs`, `at least openMs (${openMs})`, maxOpenMs);
  within(`${path}.jitterRatio`, jitterRatio, 0, 1);
  integer(`${path}.probes`, probes);
  within(`${path}.probes`, probes, 1, maxProbes);
  if (leaseMs !== undefined) positive(`${path}.leaseMs`, leaseMs);
  if (isFailure !== undefined) func(`${path}.isFailure`, isFailure);
  oneOf(`${path}.openAs`, openAs, OPEN_AS);
  bool(`${path}.holdOnRetryAfter`, holdOnRetryAfter);
  if (timeoutMs !== undefined) within(`${path}.timeoutMs`, timeoutMs, 1, maxTimerMs);
  if (maxConcurrent !== undefined) integer(`${path}.maxConcurrent`, maxConcurrent);

  return Object.freeze({
    mode,
    windowMs,
    windowCalls,
    minimumCalls: windowCalls === undefined ? minimumCalls : Math.min(minimumCalls, windowCalls),
    failureRatio,
    slowCallMs,
    slowRatio,
    openMs,
    maxOpenMs,
    jitterRatio,
    probes,
    leaseMs,
    isFailure,
    openAs,
    holdOnRetryAfter,
    timeoutMs,
    maxConcurrent,
    retry: retry === undefined ? undefined : resolveRetry(retry, `${path}.retry`),
  });
}

// One object for all breakers that have no options of their own.
const NONE: BreakerOptions = Object.freeze({});
const DEFAULTS = resolveBreaker(NONE);

function resolveRetry(given: RetryOptions, path: string): Readonly<Required<RetryOptions>> {
  record(path, given, ['attempts', 'budgetRatio']);
  const { attempts = 3, budgetRatio = 0.2 } = given;
  integer(`${path}.attempts`, attempts);
  ratio(`${path}.budgetRatio`, budgetRatio);
  return Object.freeze({ attempts, budgetRatio });
}

/** @throws GoldenSignalsError `ERR_GS_OPTION` when it is not a {@link BreakerMode}. */
export function checkMode(path: string, mode: unknown): asserts mode is BreakerMode {
  oneOf(path, mode, MODES);
}

// Reaching a ratio is enough to open, so a ratio of 0 would open on a success.
function ratio(path: string, value: unknown): asserts value is number {
  positive(path, value);
  within(path, value, 0, 1);
}
