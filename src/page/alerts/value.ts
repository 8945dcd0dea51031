import { bytes, duration, figures, share } from '../parts/format.js';

/** The value of a rule with its unit, by what the rule is about. */
export function alertValue(name: string, value: number): string {
  if (/Latency|Delay/.test(name) && !/Slo/.test(name)) return duration(value * 1_000);
  if (/ErrorRate|Saturated|Slo|TrafficDrop|CpuThrottled/.test(name)) return share(value);
  if (/Memory/.test(name)) return value > 1 ? bytes(value) : share(value);
  return figures(value);
}

/** The threshold of a rule; that of an objective is its percentage. */
export function alertThreshold(name: string, threshold: number): string {
  return alertValue(name, /Slo/.test(name) ? threshold / 100 : threshold);
}
