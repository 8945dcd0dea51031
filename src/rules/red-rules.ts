import { duration, minimumRate, notProbes, number } from './promql.js';
import type { Rule } from './rule.js';
import type { RuleConfig } from './rule-options.js';
import { select } from './series.js';

/** What the alerts and the objectives read, recorded once: requests, failures and buckets of each service. */
export const RECORDED = {
  buckets: (window: string) => `job_le:http_server_request_duration_seconds_bucket:rate${window}`,
  requests: (window: string) => `job:http_server_request_duration_seconds_count:rate${window}`,
  errors: (window: string) => `job:http_server_request_errors:rate${window}`,
  errorRatio: (window: string) => `job:http_server_request_errors:ratio_rate${window}`,
} as const;

export const requestsOver = (window: string) =>
  `sum by (job) (rate(${select('serverDuration', [notProbes], '_count')}[${window}]))`;

/** 4xx is the caller's error. A service without failures has no series of them: it has a share of 0, not none. */
export const errorsOver = (window: string) => {
  const failed = select('serverDuration', ['http_response_status_code=~"5.."', notProbes], '_count');
  return `sum by (job) (rate(${failed}[${window}]))\nor\n0 * ${RECORDED.requests(window)}`;
};

/** Rate, errors and duration of the requests that services answer. */
export function redRules(config: RuleConfig): readonly Rule[] {
  const { windowS, p99S, errorRatio, trafficDrop } = config;
  const window = duration(windowS);
  const isBusy = `and on (job) ${RECORDED.requests(window)} > ${number(minimumRate)}`;
  return [
    {
      record: RECORDED.buckets(window),
      expr: `sum by (job, le) (rate(${select('serverDuration', [notProbes], '_bucket')}[${window}]))`,
    },
    { record: RECORDED.requests(window), expr: requestsOver(window) },
    { record: RECORDED.errors(window), expr: errorsOver(window) },
    {
      record: RECORDED.errorRatio(window),
      expr: `${RECORDED.errors(window)}\n/\n${RECORDED.requests(window)}`,
    },
    {
      alert: 'HighLatencyP99',
      signal: 'latency',
      severity: 'page',
      expr: `histogram_quantile(0.99, ${RECORDED.buckets(window)}) > ${number(p99S)}\n${isBusy}`,
      forS: 120,
      threshold: p99S,
      labels: {},
      summary: '{{ $labels.job }} is slow: p99 is {{ $value | humanizeDuration }}',
      description: `One request in a hundred to {{ $labels.job }} takes longer than {{ $value | humanizeDuration }}; ${number(p99S)} s are allowed.`,
      action: 'Open the slowest traces of this service and look for the span that takes most of their time.',
      reads: ['serverDuration'],
    },
    {
      alert: 'HighErrorRate',
      signal: 'errors',
      severity: 'page',
      expr: `${RECORDED.errorRatio(window)} > ${number(errorRatio)}\n${isBusy}`,
      forS: 120,
      threshold: errorRatio,
      labels: {},
      summary: '{{ $labels.job }} answers {{ $value | humanizePercentage }} of its requests with 5xx',
      description: `{{ $value | humanizePercentage }} of the requests to {{ $labels.job }} end with 5xx; ${number(errorRatio * 100)} % are allowed.`,
      action:
        'Open traces of this service that failed: the deepest span with an error is where it comes from.',
      reads: ['serverDuration'],
    },
    {
      alert: 'TrafficDrop',
      signal: 'traffic',
      severity: 'page',
      expr: trafficDropped(number(trafficDrop), RECORDED.requests(window)),
      forS: 600,
      threshold: trafficDrop,
      labels: {},
      summary: '{{ $labels.job }} gets next to no requests any more',
      description: `{{ $labels.job }} gets {{ $value | humanize }} requests a second, less than ${number(trafficDrop * 100)} % of an hour ago.`,
      action:
        'Look at what stands before it: balancer, DNS, callers that fail or whose circuit breakers are open.',
      reads: ['serverDuration'],
    },
  ];
}

/**
 * A service that has restarted and gets nothing has no series of requests at all, which is the worst drop of all: if it is there,
 * that counts as 0. One that is gone is for the liveness rules to report.
 */
function trafficDropped(share: string, now: string): string {
  const before = `${now} offset 1h`;
  const isThere = `(up == 1 or ${select('heartbeatTimestamp')})`;
  return [
    `(${now} or on (job) (0 * ${before} and on (job) ${isThere}))`,
    `< on (job) ${share} * (${before})`,
    `and on (job) ${before} > ${number(minimumRate)}`,
  ].join('\n');
}
