import { number } from './promql.js';
import type { RuleConfig } from './rule-options.js';

/** A latency threshold that the histogram cannot tell from its neighbours. */
export interface MissingBound {
  readonly option: 'p99S' | 'latency';
  readonly thresholdS: number;
  /** What reading it anyway does. */
  readonly effect: string;
}

/**
 * The thresholds that are no bucket bound. Between two bounds a quantile is a guess: with bounds at 2.5 and 5, requests of 2.6 s read
 * as a p99 of 3.75 s. A latency objective has nothing to count at all.
 */
export function missingBounds(config: RuleConfig, bounds: readonly number[]): readonly MissingBound[] {
  const has = (bound: number) => bounds.some((one) => Math.abs(one - bound) <= 1e-9 * bound);
  const { p99S, latency } = config;
  const missing: MissingBound[] = [];
  if (!has(p99S)) {
    missing.push({
      option: 'p99S',
      thresholdS: p99S,
      effect: `the p99 threshold of ${number(p99S)} s is no bucket bound: HighLatencyP99 compares it with a guess`,
    });
  }
  if (!has(latency.thresholdS)) {
    missing.push({
      option: 'latency',
      thresholdS: latency.thresholdS,
      effect: `the latency objective of ${number(latency.thresholdS)} s is no bucket bound: SloBurnLatency can never fire`,
    });
  }
  return missing;
}
