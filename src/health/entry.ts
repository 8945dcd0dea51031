import type { CheckReading } from './check-reading.js';
import { redactText } from './redact.js';
import { type Status, weighed } from './status.js';

/** One entry of the detailed body, as draft-inadarei-api-health-check writes it, with a few members of our own. */
export interface Entry {
  readonly componentType?: 'component' | 'datastore' | 'system' | undefined;
  /** Only the failure of a critical entry takes the instance out of service; without it a failure counts as a warning. */
  readonly critical?: boolean | undefined;
  readonly status: Status;
  readonly observedValue?: string | number | boolean | undefined;
  readonly observedUnit?: string | undefined;
  readonly output?: string | undefined;
  readonly affectedEndpoints?: readonly string[] | undefined;
  /** ISO 8601. */
  readonly time?: string | undefined;
  readonly consecutiveFailures?: number | undefined;
  readonly lastSuccess?: string | undefined;
  readonly transitions?:
    | readonly { readonly time: string; readonly from?: Status | undefined; readonly to: Status }[]
    | undefined;
}

/** `component:measurement` and its reading. */
export type NamedEntry = readonly [name: string, entry: Entry];

/** Adds entries to the report at the moment it is asked for: breakers, heartbeats, the event loop. From memory, without I/O. */
export type EntryProvider = () => Iterable<NamedEntry>;

/** An entry from elsewhere, weighed and redacted. */
export function contributed([name, entry]: NamedEntry): NamedEntry {
  const { output, observedValue } = entry;
  return [
    name,
    {
      ...entry,
      status: weighed(entry.status, entry.critical === true),
      observedValue: typeof observedValue === 'string' ? redactText(observedValue) : observedValue,
      output: output === undefined ? undefined : redactText(output),
    },
  ];
}

/** The entry of a check: its own measurement if it gave one, else how long it took. */
export function entryOf(reading: CheckReading): NamedEntry {
  const { config, last, name } = reading;
  const hasOwnValue = last?.observedValue !== undefined;
  const isTimed = last !== undefined && !hasOwnValue;
  return [
    name.includes(':') || hasOwnValue ? name : `${name}:responseTime`,
    {
      componentType: config.componentType,
      critical: config.critical,
      status: reading.status ?? 'warn',
      observedValue: isTimed ? Math.round(last.durationMs * 1_000) / 1_000 : last?.observedValue,
      observedUnit: isTimed ? 'ms' : last?.observedUnit,
      output: last === undefined ? 'no result yet' : reading.output,
      affectedEndpoints: config.affectedEndpoints.length === 0 ? undefined : config.affectedEndpoints,
      time: last === undefined ? undefined : isoTime(last.epochMs),
      consecutiveFailures: reading.consecutiveFailures,
      lastSuccess: reading.lastSuccessEpochMs === undefined ? undefined : isoTime(reading.lastSuccessEpochMs),
      transitions: reading.transitions.map(({ epochMs, from, to }) => ({ time: isoTime(epochMs), from, to })),
    },
  ];
}

/** Wall-clock milliseconds as RFC 3339 in UTC. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
