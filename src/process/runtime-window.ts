import type { Clock } from '../core/clock.js';
import {
  type DelayHistogram,
  type DelaySlice,
  type DelaySummary,
  summarize,
  takeSlice,
} from './delay-slice.js';

/** What Node adds up since the process began: the loop's time in milliseconds, none where it is not measured; the CPU's in microseconds. */
export interface RuntimeTotals {
  readonly idleMs: number;
  readonly activeMs: number;
  readonly userMicros: number;
  readonly systemMicros: number;
}

/** What the process did between two moments, and what it has done so far. */
export interface RuntimeUse {
  readonly totals: RuntimeTotals;
  /** Undefined while the loop has not been looked at. */
  readonly delay: DelaySummary | undefined;
  /** Share of the time in which the loop was not idle. */
  readonly utilization: number | undefined;
  /** CPU seconds per second: 2 is two whole CPUs. */
  readonly userCpus: number | undefined;
  readonly systemCpus: number | undefined;
}

export interface RuntimeWindowParts {
  readonly clock: Clock;
  /** Undefined where there is none that can be read. */
  readonly histogram: DelayHistogram | undefined;
  readonly totals: () => RuntimeTotals;
}

interface Slice {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly totals: RuntimeTotals;
  readonly delay: DelaySlice | undefined;
}

/** What a window reaches back at least. */
const windowMs = 60_000;

/** A reader that is due each minute is now and then a little early; its last window is over all the same. */
const earlyMs = windowMs / 10;

/**
 * What the process did since the last reading, and at least in the last minute. Each reading ends a slice, and a window is all the
 * slices that reach into that minute: no reader takes anything from another one, none that reads less often misses anything, and
 * there is no timer.
 */
export class RuntimeWindow {
  readonly #parts: RuntimeWindowParts;
  #slices: Slice[] = [];
  #startedAt: number;
  #totals: RuntimeTotals;

  constructor(parts: RuntimeWindowParts) {
    this.#parts = parts;
    this.#startedAt = parts.clock.now();
    this.#totals = parts.totals();
  }

  read(): RuntimeUse {
    const { clock, histogram, totals: total } = this.#parts;
    const now = clock.now();
    const totals = total();
    this.#slices.push({
      startedAt: this.#startedAt,
      endedAt: now,
      totals: this.#totals,
      delay: histogram && takeSlice(histogram, now - this.#startedAt),
    });
    this.#startedAt = now;
    this.#totals = totals;
    // The slice that has just ended is kept, be it as long as it may.
    this.#slices = this.#slices.filter(({ endedAt }) => now - endedAt < windowMs - earlyMs);
    const since = this.#slices[0] as Slice;
    return {
      totals,
      delay: summarize(this.#slices.flatMap(({ delay }) => delay ?? [])),
      ...shares(since, now, totals),
    };
  }
}

function shares(
  { startedAt, totals: before }: Slice,
  now: number,
  totals: RuntimeTotals,
): Pick<RuntimeUse, 'utilization' | 'userCpus' | 'systemCpus'> {
  const elapsedMs = now - startedAt;
  const activeMs = totals.activeMs - before.activeMs;
  const loopMs = activeMs + totals.idleMs - before.idleMs;
  const cpus = (micros: number) => (elapsedMs > 0 ? Math.max(0, micros / 1_000 / elapsedMs) : undefined);
  return {
    utilization: loopMs > 0 ? Math.min(1, Math.max(0, activeMs / loopMs)) : undefined,
    userCpus: cpus(totals.userMicros - before.userMicros),
    systemCpus: cpus(totals.systemMicros - before.systemMicros),
  };
}
