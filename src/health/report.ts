import { type Entry, isoTime, type NamedEntry } from './entry.js';
import type { ProbeReason, Verdict } from './probe.js';
import { redactText } from './redact.js';
import type { StartupTasks } from './startup.js';
import type { Lifecycle } from './state.js';
import type { Status } from './status.js';

/** Who the service is, in the detailed body. */
export interface ServiceIdentity {
  readonly name: string;
  readonly version?: string | undefined;
}

/** The detailed body. @see draft-inadarei-api-health-check-06, section 3 */
export interface Report {
  readonly status: Status;
  readonly reason: ProbeReason | undefined;
  readonly serviceId: string;
  /** The public version: the first number of the release. */
  readonly version: string | undefined;
  readonly releaseId: string | undefined;
  readonly description: string;
  readonly notes: readonly string[];
  readonly checks: Readonly<Record<string, readonly Entry[]>>;
}

/** The public part: a status and a reason from a fixed list; no name, no text. */
export function publicBody({ status, reason }: Verdict): string {
  return JSON.stringify({ status, reason });
}

/** The detailed body as JSON; what cannot be built or written becomes the status alone. Never throws. */
export function detailBody(verdict: Verdict, build: () => Report): string {
  try {
    return JSON.stringify(build());
  } catch {
    return JSON.stringify({ status: verdict.status });
  }
}

export function createReport(
  { status, reason }: Verdict,
  { name, version }: ServiceIdentity,
  notes: readonly string[],
  entries: readonly NamedEntry[],
): Report {
  const checks = new Map<string, Entry[]>();
  for (const [key, entry] of entries) {
    const sameKey = checks.get(key);
    if (sameKey === undefined) checks.set(key, [entry]);
    else sameKey.push(entry);
  }
  return {
    status,
    reason,
    serviceId: name,
    version: version === undefined ? undefined : /^v?(\d+)(?:\.|$)/.exec(version)?.[1],
    releaseId: version,
    description: name,
    notes,
    checks: Object.fromEntries(checks),
  };
}

/** The notes about the service as a whole; texts of the application are redacted. */
export function notesOf(lifecycle: Lifecycle, startup: StartupTasks): string[] {
  const { state, notReadyReason, isDead, deadReason } = lifecycle;
  const notes = [`${state} since ${isoTime(lifecycle.sinceEpochMs).replace(/\.\d+/, '')}`];
  if (notReadyReason !== undefined) notes.push(`not ready: ${redactText(String(notReadyReason))}`);
  if (isDead) notes.push(deadReason === undefined ? 'dead' : `dead: ${redactText(String(deadReason))}`);
  for (const [name, how] of startup.open) notes.push(`startup task ${name}: ${how}`);
  return notes;
}
