import { isGoldenSignalsError } from '../errors.js';
import { type RuleConfig, type RuleOptions, resolveRules } from '../rules/rule-options.js';
import type { Arguments, Flags } from './command.js';
import { parseDuration, parseLatencyObjective, parseNumber } from './quantity.js';
import { UsageError } from './usage-error.js';

/** The thresholds that the doctor has to know as well, to compare them with buckets. */
export const latencyFlags = {
  p99: { value: 'time', help: 'p99 of request durations that is too slow (3s)' },
  'slo-latency': { value: 'time:percent', help: 'objective: so many percent within that time (0.5s:99)' },
} as const satisfies Flags;

export const ruleFlags = {
  ...latencyFlags,
  window: { value: 'time', help: 'over which rate, errors and p99 are taken (5m)' },
  'error-ratio': { value: 'share', help: 'share of 5xx that is too high (0.01)' },
  'traffic-drop': { value: 'share', help: 'share of the traffic an hour ago that is too little (0.1)' },
  pool: { value: 'share', help: 'share of the connections of a pool in use that is too high (0.8)' },
  'loop-delay': { value: 'time', help: 'p99 of the event loop delay that is too long (100ms)' },
  'heartbeat-intervals': { value: 'number', help: 'intervals that a heartbeat may be late (3)' },
  'export-interval': {
    value: 'time',
    help: 'longest time between two exports or scrapes, for heartbeats (60s)',
  },
  'breaker-for': { value: 'time', help: 'how long a circuit breaker may be open (30s)' },
  'slo-availability': { value: 'percent', help: 'objective: so many percent without 5xx (99.9)' },
  job: { value: 'name', isRepeated: true, help: 'a service that has to be there; may be given again' },
} as const satisfies Flags;

/** Which flag stands for which option, to say it in the words that were typed. */
const flagOf: Readonly<Record<keyof RuleOptions, keyof typeof ruleFlags>> = {
  windowS: 'window',
  p99S: 'p99',
  latency: 'slo-latency',
  errorRatio: 'error-ratio',
  trafficDrop: 'traffic-drop',
  poolRatio: 'pool',
  loopDelayS: 'loop-delay',
  heartbeatIntervals: 'heartbeat-intervals',
  exportIntervalS: 'export-interval',
  breakerForS: 'breaker-for',
  availabilityPercent: 'slo-availability',
  jobs: 'job',
};

/** @throws UsageError that names the flag. */
export function rulesFrom(given: Arguments): RuleConfig {
  const typed: { [Name in keyof RuleOptions]: RuleOptions[Name] | undefined } = {
    windowS: parseDuration('window', given.value('window')),
    p99S: parseDuration('p99', given.value('p99')),
    latency: parseLatencyObjective('slo-latency', given.value('slo-latency')),
    errorRatio: parseNumber('error-ratio', given.value('error-ratio')),
    trafficDrop: parseNumber('traffic-drop', given.value('traffic-drop')),
    poolRatio: parseNumber('pool', given.value('pool')),
    loopDelayS: parseDuration('loop-delay', given.value('loop-delay')),
    heartbeatIntervals: parseNumber('heartbeat-intervals', given.value('heartbeat-intervals')),
    exportIntervalS: parseDuration('export-interval', given.value('export-interval')),
    breakerForS: parseDuration('breaker-for', given.value('breaker-for')),
    availabilityPercent: parseNumber('slo-availability', given.value('slo-availability')),
    jobs: given.values('job'),
  };
  try {
    return resolveRules(typed as RuleOptions);
  } catch (error) {
    if (!isGoldenSignalsError(error)) throw error;
    throw new UsageError(
      error.message.replace(
        /^option rules\.(\w+)(\S*)/,
        // The message names a part of a value, but not an index in a list: users type no index.
        (_, option: keyof RuleOptions, part: string) =>
          part.startsWith('.') ? `--${flagOf[option]} (${part.slice(1)})` : `--${flagOf[option]}`,
      ),
    );
  }
}
