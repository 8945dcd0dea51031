import { types } from 'node:util';
import type { HrTime, TimeInput } from '@opentelemetry/api';

/** Wall-clock milliseconds as OpenTelemetry's [seconds, nanoseconds]. */
export function toHrTime(epochMs: number): HrTime {
  let seconds = Math.floor(epochMs / 1_000);
  let nanos = Math.round((epochMs - seconds * 1_000) * 1e6);
  if (nanos >= 1e9) {
    seconds += 1;
    nanos -= 1e9;
  }
  return [seconds, nanos];
}

/**
 * What a user may pass as a time, as wall-clock milliseconds; a number that `performance.now()` can have given is read as that, as
 * the SDK's spans do.
 */
export function toEpochMs(time: TimeInput, monotonicToEpoch: (at: number) => number): number {
  if (typeof time === 'number') return time <= performance.now() ? monotonicToEpoch(time) : time;
  if (types.isDate(time)) return time.getTime();
  return time[0] * 1_000 + time[1] / 1e6;
}
