import { bytes, duration, figures, share } from '../parts/format.js';

/** The value of a rule with its unit, by what the rule is about. */
export function alertValue(name: string, value: number): string {
  if (/Latency|Delay/.test(name) && !/Slo/.test(name)) return duration(value * 1_000);
  if (/ErrorRate|Saturated|Slo|TrafficDrop/.test(name)) return share(value);
  if (/Heartbeat/.test(name)) return duration(value * 1_000);
  if (/Memory/.test(name)) return value > 1 ? bytes(value) : share(value);
  return figures(value);
}
