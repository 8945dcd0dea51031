import type { CheckFunction, CheckOptions } from './check-options.js';
import type { Health } from './health.js';
import type { Report } from './report.js';
import type { HealthState } from './state.js';

/** The application's access to its own health. */
export interface HealthHandle {
  /** Where the service is in its life; a failing check does not change it. */
  readonly state: HealthState;
  /**
   * Adds a check and runs it at once; a bare function is a non-critical check with the defaults.
   * @throws GoldenSignalsError `ERR_GS_OPTION` for a wrong option, `ERR_GS_MISUSE` if the name is taken
   */
  add(name: string, check: CheckFunction | CheckOptions): void;
  /** Stops and removes a check; false if no check has that name. */
  remove(name: string): boolean;
  /** Takes back {@link HealthHandle.markNotReady}; it does not end the start-up and overrules no check. */
  markReady(): void;
  /** Answers ready with 503 until markReady(). The reason is shown in the detailed body, redacted. */
  markNotReady(reason?: string): void;
  /** Answers live with 503 for good: only a restart helps. The reason is shown in the detailed body, redacted. */
  markDead(reason?: string): void;
  /** The full report, as in the detailed body of `/health`. */
  report(): Report;
}

/** The part of the health of a service that is its application's. */
export function createHealthHandle(health: Health): HealthHandle {
  return Object.freeze({
    get state() {
      return health.state;
    },
    add: (name: string, check: CheckFunction | CheckOptions) => health.add(name, check),
    remove: (name: string) => health.remove(name),
    markReady: () => health.markReady(),
    markNotReady: (reason?: string) => health.markNotReady(reason),
    markDead: (reason?: string) => health.markDead(reason),
    report: () => health.report(),
  });
}
