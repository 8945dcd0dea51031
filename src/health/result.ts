import { redactText, redactThrown } from './redact.js';
import { type Outcome, propertyOf } from './settle.js';
import type { Status } from './status.js';

/** One result of one check, made only of values that are safe to show. */
export interface CheckResult {
  readonly status: Status;
  readonly output: string | undefined;
  readonly observedValue: string | number | boolean | undefined;
  readonly observedUnit: string | undefined;
  /** What was thrown, as it was thrown: for the log alone, never for a body. */
  readonly error: unknown;
}

// The aliases of draft-inadarei-api-health-check, section 3.1, and what Spring, Elasticsearch and .NET call it: a check often hands on
// the answer of another service. Not to know is no reason to send traffic.
const statusOf: ReadonlyMap<unknown, Status> = new Map<unknown, Status>([
  ['pass', 'pass'],
  ['ok', 'pass'],
  ['up', 'pass'],
  ['warn', 'warn'],
  ['warning', 'warn'],
  ['degraded', 'warn'],
  ['yellow', 'warn'],
  ['fail', 'fail'],
  ['error', 'fail'],
  ['down', 'fail'],
  ['unhealthy', 'fail'],
  ['out_of_service', 'fail'],
  ['red', 'fail'],
  ['unknown', 'fail'],
]);

/**
 * Reads how a check ended: `false`, anything thrown and the Response of a fetch that is not ok are a failure,
 * `{ status: 'warn' | 'fail' | 'pass' }` is taken at its word, anything else it resolves with is a pass. An object whose `status` cannot be read is a failure. Never throws.
 */
export function readResult(outcome: Outcome): CheckResult {
  if (outcome.kind === 'thrown') return { ...failed(redactThrown(outcome.error)), error: outcome.error };
  const { value } = outcome;
  if (value === false) return failed('returned false');
  if (typeof value !== 'object' || value === null) return passed;
  let given: unknown;
  try {
    given = (value as { status?: unknown }).status;
  } catch (error) {
    return { ...failed('unreadable result'), error };
  }
  if (typeof given === 'number' && propertyOf(value, 'ok') === false) return failed(`status ${given}`);
  const status = typeof given === 'string' ? statusOf.get(given.toLowerCase()) : undefined;
  if (status === undefined) return passed;
  return {
    status,
    output: textOf(propertyOf(value, 'output')),
    observedValue: primitiveOf(propertyOf(value, 'observedValue')),
    observedUnit: textOf(propertyOf(value, 'observedUnit')),
    error: undefined,
  };
}

const passed: CheckResult = Object.freeze({
  status: 'pass',
  output: undefined,
  observedValue: undefined,
  observedUnit: undefined,
  error: undefined,
});

/** A failure that the library itself found, with its own words. */
export function failed(output: string): CheckResult {
  return { ...passed, status: 'fail', output };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? redactText(value) : undefined;
}

function primitiveOf(value: unknown): string | number | boolean | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  return typeof value === 'boolean' ? value : textOf(value);
}
