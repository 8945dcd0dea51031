import type { HealthState } from './state.js';
import type { Status } from './status.js';

/** What can be asked: is it alive, has it started, may it have traffic, and the aggregate of everything. */
export type Probe = 'live' | 'startup' | 'ready' | 'health';

/** Why a probe fails: the only detail in a public body. */
export type ProbeReason = 'starting' | 'draining' | 'critical-check' | 'manual' | 'dead';

export interface Verdict {
  readonly ok: boolean;
  readonly status: Status;
  readonly reason: ProbeReason | undefined;
  readonly httpStatus: 200 | 503;
}

export interface ProbeFacts {
  readonly state: HealthState;
  readonly hasStarted: boolean;
  readonly isDead: boolean;
  /** The worst status of checks and other entries; `fail` only for a critical one. */
  readonly worst: Status;
}

/** The answer to a probe, from memory. */
export function verdictOf(probe: Probe, facts: ProbeFacts): Verdict {
  const reason = reasonOf(probe, facts);
  if (reason !== undefined) return { ok: false, status: 'fail', reason, httpStatus: 503 };
  const isWarning = facts.worst !== 'pass' || facts.state === 'unready';
  const status = (probe === 'ready' || probe === 'health') && isWarning ? 'warn' : 'pass';
  return { ok: true, status, reason, httpStatus: 200 };
}

function reasonOf(probe: Probe, { state, hasStarted, isDead, worst }: ProbeFacts): ProbeReason | undefined {
  const isDraining = state === 'draining' || state === 'closed';
  // A restart cures neither a dependency nor load, and a draining process must be left to end.
  if (probe === 'live') return isDead ? 'dead' : undefined;
  if (probe === 'startup') {
    if (hasStarted) return undefined;
    return isDraining ? 'draining' : 'starting';
  }
  if (isDead) return 'dead';
  if (isDraining) return 'draining';
  if (state === 'starting') return 'starting';
  if (probe === 'ready' && state === 'unready') return 'manual';
  return worst === 'fail' ? 'critical-check' : undefined;
}
