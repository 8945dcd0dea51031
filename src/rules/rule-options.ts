import { notNegative, positive, record, reject, text, within } from '../core/check.js';

/** A latency objective: `percent` of requests are answered within `thresholdS`. */
interface LatencyObjective {
  /** In seconds; has to be a bucket bound of the durations. */
  readonly thresholdS: number;
  /** In (0, 100). */
  readonly percent: number;
}

export interface RuleOptions {
  /** Over which rate, errors and p99 are taken, in seconds, from 15 to 3600; at least four exports or scrapes. @default 300 */
  readonly windowS?: number;
  /** p99 of the request durations above which HighLatencyP99 fires, in seconds. @default 3 */
  readonly p99S?: number;
  /** Share of 5xx above which HighErrorRate fires, in (0, 1). @default 0.01 */
  readonly errorRatio?: number;
  /** Share of the traffic an hour ago below which TrafficDrop fires, in (0, 1). @default 0.1 */
  readonly trafficDrop?: number;
  /** Share of a pool's connections in use above which DbPoolSaturated fires, in (0, 1). @default 0.8 */
  readonly poolRatio?: number;
  /** p99 of the event loop delay above which EventLoopDelayHigh fires, in seconds. @default 0.1 */
  readonly loopDelayS?: number;
  /** How many intervals a heartbeat may be late. @default 3 */
  readonly heartbeatIntervals?: number;
  /**
   * The longest time between two exports or scrapes of a service, in seconds: a heartbeat counts as late only after it should have
   * arrived. @default 60, that of OTEL_METRIC_EXPORT_INTERVAL
   */
  readonly exportIntervalS?: number;
  /** How long a circuit breaker may be open before CircuitBreakerOpen fires, in seconds. @default 30 */
  readonly breakerForS?: number;
  /** Availability objective, in percent of requests without 5xx, in (0, 100). @default 99.9 */
  readonly availabilityPercent?: number;
  /** Latency objective. @default 99 % within 0.5 s */
  readonly latency?: LatencyObjective;
  /** Services that have to be there, by Prometheus' `job`: for HeartbeatNeverSeen and TargetDown. @default [] */
  readonly jobs?: readonly string[];
}

export type RuleConfig = Readonly<Required<RuleOptions>>;

const known = [
  'windowS',
  'p99S',
  'errorRatio',
  'trafficDrop',
  'poolRatio',
  'loopDelayS',
  'heartbeatIntervals',
  'exportIntervalS',
  'breakerForS',
  'availabilityPercent',
  'latency',
  'jobs',
] as const satisfies readonly (keyof RuleOptions)[];

/**
 * The complete, frozen form of what the user gave.
 * @throws GoldenSignalsError `ERR_GS_OPTION` that names the option.
 */
export function resolveRules(given: RuleOptions = {}): RuleConfig {
  record('rules', given, known);
  const { windowS = 300 } = given;
  const { p99S = 3, errorRatio = 0.01, trafficDrop = 0.1, poolRatio = 0.8, loopDelayS = 0.1 } = given;
  const { heartbeatIntervals = 3, exportIntervalS = 60, breakerForS = 30 } = given;
  const { availabilityPercent = 99.9, latency = { thresholdS: 0.5, percent: 99 }, jobs = [] } = given;
  within('rules.windowS', windowS, 15, 3_600);
  positive('rules.p99S', p99S);
  inside('rules.errorRatio', errorRatio, 1);
  inside('rules.trafficDrop', trafficDrop, 1);
  inside('rules.poolRatio', poolRatio, 1);
  positive('rules.loopDelayS', loopDelayS);
  within('rules.heartbeatIntervals', heartbeatIntervals, 1.5, 1_000);
  notNegative('rules.exportIntervalS', exportIntervalS);
  notNegative('rules.breakerForS', breakerForS);
  inside('rules.availabilityPercent', availabilityPercent, 100);
  positive('rules.latency.thresholdS', latency.thresholdS);
  inside('rules.latency.percent', latency.percent, 100);
  if (!Array.isArray(jobs)) reject('rules.jobs', 'an array of names', jobs);
  for (const [index, job] of jobs.entries()) text(`rules.jobs[${index}]`, job);
  return Object.freeze({
    windowS,
    p99S,
    errorRatio,
    trafficDrop,
    poolRatio,
    loopDelayS,
    heartbeatIntervals,
    exportIntervalS,
    breakerForS,
    availabilityPercent,
    latency: Object.freeze({ thresholdS: latency.thresholdS, percent: latency.percent }),
    jobs: Object.freeze([...new Set(jobs)]),
  });
}

/** A share of nothing or of everything is no threshold. */
function inside(path: string, value: unknown, max: number): void {
  if (typeof value !== 'number' || !(value > 0 && value < max))
    reject(path, `a number above 0 and below ${max}`, value);
}
