import type { Clock } from '../core/clock.js';
import type { Status } from './status.js';
import type { WatchConfig } from './watch-options.js';

/** What a watcher thinks at the moment it is asked. */
export interface BeatReading {
  readonly status: Status;
  /** −log10 of the chance that a beat this late still comes; 0 before the first beat. */
  readonly phi: number;
  /** Since the last beat, or since the watch began, without the time this process was blocked itself. */
  readonly silenceMs: number;
  readonly hasBeaten: boolean;
}

const windowSize = 200;
const suspectPhi = 8;
const failAfterIntervals = 10;
const pauseIntervals = 3;
const leastSigmaMs = 100;
const leastSigmaShare = 0.1;

/**
 * Watches a heartbeat with the φ-accrual failure detector: it learns how regular the beats are and suspects (warn) when one is unlikely to
 * come any more (φ ≥ 8), and fails after ten intervals of silence whatever it has learnt.
 * The gap that ended a suspicion is not learnt from, or a dying peer would teach patience.
 * @see Hayashibara et al., "The φ accrual failure detector"; Akka's PhiAccrualFailureDetector
 */
export class BeatWatcher {
  readonly #config: WatchConfig;
  readonly #clock: Clock;
  readonly #stalledMs: () => number;
  readonly #gaps = new Float64Array(windowSize);
  #gapCount = 2;
  #nextGap = 2;
  #lastAt: number;
  #hasBeaten = false;

  /** `stalledMs` is by how much this process has been blocked itself so far, ever growing: it must not blame that on the peer. */
  constructor(config: WatchConfig, clock: Clock, stalledMs: () => number = () => 0) {
    this.#config = config;
    this.#clock = clock;
    this.#stalledMs = stalledMs;
    this.#gaps[0] = config.intervalMs * 0.75;
    this.#gaps[1] = config.intervalMs * 1.25;
    this.#lastAt = this.#now();
  }

  beat(): void {
    const { status, silenceMs } = this.read();
    this.#lastAt = this.#now();
    this.#hasBeaten = true;
    // Neither the wait for the first beat nor the gap that ended a suspicion is a gap to learn from.
    if (status !== 'pass') return;
    this.#gaps[this.#nextGap] = silenceMs;
    this.#nextGap = (this.#nextGap + 1) % windowSize;
    this.#gapCount = Math.min(this.#gapCount + 1, windowSize);
  }

  read(): BeatReading {
    const { intervalMs, firstWithinMs } = this.#config;
    const silenceMs = Math.max(0, this.#now() - this.#lastAt);
    const hasBeaten = this.#hasBeaten;
    if (!hasBeaten)
      return { status: silenceMs > firstWithinMs ? 'fail' : 'warn', phi: 0, silenceMs, hasBeaten };
    const phi = this.#phi(silenceMs);
    if (silenceMs > failAfterIntervals * intervalMs) return { status: 'fail', phi, silenceMs, hasBeaten };
    return { status: phi >= suspectPhi ? 'warn' : 'pass', phi, silenceMs, hasBeaten };
  }

  #now(): number {
    return this.#clock.now() - this.#stalledMs();
  }

  #phi(silenceMs: number): number {
    const { intervalMs } = this.#config;
    const gaps = this.#gaps.subarray(0, this.#gapCount);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    const sigma = Math.max(Math.sqrt(variance), leastSigmaMs, leastSigmaShare * intervalMs);
    return phiOf((silenceMs - mean - pauseIntervals * intervalMs) / sigma);
  }
}

/** φ of a beat that is `deviations` standard deviations late: the logistic approximation of the normal distribution, as in Akka. */
export function phiOf(deviations: number): number {
  const exponent = deviations * (1.5976 + 0.070566 * deviations * deviations);
  // log10(1 + e^x): written so that it neither overflows nor loses its monotony far out.
  return (exponent > 30 ? exponent : Math.log1p(Math.exp(exponent))) / Math.LN10;
}
