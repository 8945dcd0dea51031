import type { Clock } from '../core/clock.js';
import type { Random } from '../core/random.js';
import { isoTime, type NamedEntry } from './entry.js';
import type { OverloadConfig } from './overload-options.js';

/** What one window measured: the loop's delay within it and its utilization since the window before. */
export interface OverloadSample {
  readonly delayP99Ms: number;
  /** Undefined where the runtime does not measure it. */
  readonly utilization: number | undefined;
}

const shares = [0, 0.25, 0.5, 0.75, 0.9] as const;
const windowsToChange = 2;
const unreadyAfterMs = 30_000;
const maxRetryAfterS = 3;

/**
 * Decides whether the process is overloaded and which share of its requests to turn away. Two hot windows in a row raise the share by one
 * step, two calm ones lower it by one; a window between the two limits changes nothing. Going back in steps keeps it from flapping
 * between all and nothing while the demand stays.
 */
export class Overload {
  readonly #config: OverloadConfig;
  readonly #clock: Clock;
  readonly #random: Random;
  #step = 0;
  #hot = 0;
  #calm = 0;
  #since: number | undefined;
  #last: OverloadSample | undefined;

  constructor(config: OverloadConfig, clock: Clock, random: Random) {
    this.#config = config;
    this.#clock = clock;
    this.#random = random;
  }

  sample(sample: OverloadSample): void {
    const { maxDelayMs, maxUtilization, calmDelayMs, calmUtilization } = this.#config;
    const { delayP99Ms, utilization = 0 } = sample;
    this.#last = sample;
    const isHot = delayP99Ms > maxDelayMs || utilization > maxUtilization;
    const isCalm = delayP99Ms < calmDelayMs && utilization < calmUtilization;
    this.#hot = isHot ? this.#hot + 1 : 0;
    this.#calm = isCalm ? this.#calm + 1 : 0;
    if (this.#hot === windowsToChange) this.#move(1);
    if (this.#calm === windowsToChange) this.#move(-1);
  }

  get isOverloaded(): boolean {
    return this.#step > 0;
  }

  /** Share of requests to turn away, were `shed` on: 0, 0.25, 0.5, 0.75 or 0.9. */
  get share(): number {
    return shares[this.#step] as number;
  }

  /** Whether to turn this request away. The caller spares probes, metrics and requests with priority. */
  shouldShed(): boolean {
    return this.#config.shed && this.#step > 0 && this.#random() < this.share;
  }

  /** Whole seconds for `Retry-After`, 1 to 3, spread so that clients do not come back together. */
  retryAfterS(): number {
    return 1 + Math.floor(this.#random() * maxRetryAfterS);
  }

  /** The entry for the report; critical only if asked for, and then failing after 30 s of overload. */
  entry(isUnreadyOnOverload: boolean): NamedEntry {
    const forMs = this.#since === undefined ? 0 : this.#clock.now() - this.#since;
    const isLong = isUnreadyOnOverload && forMs > unreadyAfterMs;
    return [
      'eventloop:utilization',
      {
        componentType: 'system',
        critical: isUnreadyOnOverload,
        status: this.isOverloaded ? (isLong ? 'fail' : 'warn') : 'pass',
        observedValue: inThousandths(this.#last?.utilization),
        observedUnit: '1',
        output: this.isOverloaded
          ? `overloaded for ${Math.round(forMs / 1_000)} s${this.#shedding()}`
          : undefined,
        time: isoTime(this.#clock.epochMs()),
      },
    ];
  }

  #shedding(): string {
    return this.#config.shed ? `; shedding ${Math.round(this.share * 100)} %` : '';
  }

  #move(by: 1 | -1): void {
    this.#hot = 0;
    this.#calm = 0;
    this.#step = Math.min(shares.length - 1, Math.max(0, this.#step + by));
    if (this.#step === 0) this.#since = undefined;
    else this.#since ??= this.#clock.now();
  }
}

function inThousandths(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value * 1_000) / 1_000;
}
