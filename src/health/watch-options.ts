import { bool, positive, record, within } from '../core/check.js';
import { maxTimerMs } from '../core/timers.js';

export interface WatchOptions {
  /** How often the watched one beats, in milliseconds. */
  readonly intervalMs: number;
  /** How long the first beat may take, in milliseconds. @default 10 × intervalMs, at least 30_000 */
  readonly firstWithinMs?: number;
  /** True takes this instance out of service when the beats end. @default false */
  readonly critical?: boolean;
}

export type WatchConfig = Readonly<Required<WatchOptions>>;

const leastFirstWithinMs = 30_000;

/** @throws GoldenSignalsError `ERR_GS_OPTION` that names the option. */
export function resolveWatch(given: WatchOptions): WatchConfig {
  record('watch', given, ['intervalMs', 'firstWithinMs', 'critical']);
  const { intervalMs, critical = false } = given;
  within('watch.intervalMs', intervalMs, 1, maxTimerMs);
  const { firstWithinMs = Math.max(10 * intervalMs, leastFirstWithinMs) } = given;
  positive('watch.firstWithinMs', firstWithinMs);
  bool('watch.critical', critical);
  return Object.freeze({ intervalMs, firstWithinMs, critical });
}
