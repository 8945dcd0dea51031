import type { Clock } from '../core/clock.js';
import type { Faults } from '../core/faults.js';
import type { Random } from '../core/random.js';
import type { Timers } from '../core/timers.js';
import type { CheckConfig } from './check-options.js';
import type { CheckResult } from './result.js';
import type { Status } from './status.js';

/** Runs foreign code where no request is under way, so that what it calls is no part of one. */
export type Isolate = <R>(run: () => R) => R;

/** The dependencies and listeners of the checks. */
export interface CheckDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly faults: Pick<Faults, 'caught'>;
  readonly isolate: Isolate;
  readonly events: CheckEvents;
}

/** Called as things happen; what a listener throws is caught and counted. */
export interface CheckEvents {
  /** After every run, for the duration histogram. */
  readonly onResult?: (result: {
    readonly name: string;
    readonly status: Status;
    readonly durationMs: number;
  }) => void;
  /** Once per change of status, for the log line and the counter; also for the first result. */
  readonly onChange?: (change: CheckChange) => void;
}

export interface CheckChange {
  readonly name: string;
  readonly critical: boolean;
  readonly from: Status | undefined;
  readonly to: Status;
  readonly output: string | undefined;
  /** What the check threw, as it threw it: for the log alone. */
  readonly error: unknown;
  readonly epochMs: number;
}

/** One change of what a check counts for. */
export interface Transition {
  readonly epochMs: number;
  readonly from: Status | undefined;
  readonly to: Status;
}

/** A result with the moment it came, on both clocks. */
export interface TimedResult extends CheckResult {
  readonly at: number;
  readonly epochMs: number;
  readonly durationMs: number;
}

/** The result of a check at the moment it is read. */
export interface CheckReading {
  readonly name: string;
  readonly config: CheckConfig;
  /** What it counts for: a failure of a non-critical check is a warning; `undefined` before the first result. */
  readonly status: Status | undefined;
  readonly last: TimedResult | undefined;
  /** Why it has this status, already redacted. */
  readonly output: string | undefined;
  readonly consecutiveFailures: number;
  readonly lastSuccessEpochMs: number | undefined;
  readonly transitions: readonly Transition[];
}
