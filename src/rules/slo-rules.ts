import { bucket, duration, notProbes, number } from './promql.js';
import { errorsOver, RECORDED, requestsOver } from './red-rules.js';
import type { AlertRule, RecordingRule, Rule, Severity } from './rule.js';
import type { RuleConfig } from './rule-options.js';
import { select } from './series.js';

/** One row: the budget burns `factor` times too fast, over a long window and still over a short one. */
export interface BurnRow {
  readonly factor: number;
  readonly short: string;
  readonly long: string;
  readonly longS: number;
  readonly severity: Severity;
}

/** For a budget of 30 days: 2 % of it in an hour, 5 % in 6 hours, 10 % in a day, 10 % in 3 days. */
export const BURN_ROWS: readonly BurnRow[] = [
  { factor: 14.4, short: '5m', long: '1h', longS: 3_600, severity: 'page' },
  { factor: 6, short: '30m', long: '6h', longS: 21_600, severity: 'page' },
  { factor: 3, short: '2h', long: '1d', longS: 86_400, severity: 'ticket' },
  { factor: 1, short: '6h', long: '3d', longS: 259_200, severity: 'ticket' },
];

/** Windows that are short enough to be read from the series themselves. */
const rawWindows = ['5m', '30m', '1h', '2h', '6h'] as const;
/** Over these what was recorded is averaged: the series of days are too many to be read every minute. */
const longWindows = ['1d', '3d'] as const;

/** Fewer bad requests within the long window are an accident, however small the share that the objective allows. */
const minimumBad = 5;

export const slow = (window: string) => `job:http_server_request_slow:rate${window}`;
export const slowRatio = (window: string) => `job:http_server_request_slow:ratio_rate${window}`;

/**
 * Objectives of availability and latency, by multiple windows and burn rates.
 * @see Google, The Site Reliability Workbook, "Alerting on SLOs"
 */
export function sloRules(config: RuleConfig): readonly Rule[] {
  return [...recordings(config), ...availabilityAlerts(config), ...latencyAlerts(config)];
}

function recordings({ latency, windowS }: RuleConfig): RecordingRule[] {
  const fast = select('serverDuration', [bucket(latency.thresholdS), notProbes], '_bucket');
  const slowOver = (window: string) =>
    `${RECORDED.requests(window)}\n-\nsum by (job) (rate(${fast}[${window}]))`;
  const ratio = (record: string, bad: string, window: string): RecordingRule => ({
    record,
    expr: `${bad}\n/\n${RECORDED.requests(window)}`,
  });
  const averaged = (name: (window: string) => string, window: string): RecordingRule => ({
    record: name(window),
    expr: `avg_over_time(${name('5m')}[${window}])`,
  });
  const isRecorded = (window: string) => window === duration(windowS);
  return [
    ...rawWindows.flatMap((window) => [
      // The alerts of requests have recorded those of their own window.
      ...(isRecorded(window)
        ? []
        : [
            { record: RECORDED.requests(window), expr: requestsOver(window) },
            { record: RECORDED.errors(window), expr: errorsOver(window) },
            ratio(RECORDED.errorRatio(window), RECORDED.errors(window), window),
          ]),
      { record: slow(window), expr: slowOver(window) },
      ratio(slowRatio(window), slow(window), window),
    ]),
    ...longWindows.flatMap((window) => [
      averaged(RECORDED.requests, window),
      averaged(RECORDED.errors, window),
      averaged(slow, window),
      ratio(RECORDED.errorRatio(window), RECORDED.errors(window), window),
      ratio(slowRatio(window), slow(window), window),
    ]),
  ];
}

function availabilityAlerts({ availabilityPercent }: RuleConfig): AlertRule[] {
  return BURN_ROWS.map((row) => ({
    alert: 'SloBurnAvailability',
    ...burning(row, availabilityPercent, RECORDED.errorRatio, RECORDED.errors),
    summary: `{{ $labels.job }} burns its error budget ${row.factor} times too fast`,
    description: `Over ${row.long}, {{ $value | humanizePercentage }} of the requests to {{ $labels.job }} ended with 5xx; the objective is ${number(availabilityPercent)} % without.`,
    action: 'Open traces of this service that failed: the deepest span with an error is where it comes from.',
  }));
}

function latencyAlerts({ latency: { thresholdS, percent } }: RuleConfig): AlertRule[] {
  return BURN_ROWS.map((row) => ({
    alert: 'SloBurnLatency',
    ...burning(row, percent, slowRatio, slow),
    summary: `{{ $labels.job }} burns its latency budget ${row.factor} times too fast`,
    description: `Over ${row.long}, {{ $value | humanizePercentage }} of the requests to {{ $labels.job }} took longer than ${number(thresholdS)} s; the objective is ${number(percent)} % within.`,
    action: 'Open the slowest traces of this service and look for the span that takes most of their time.',
  }));
}

function burning(
  { factor, short, long, longS, severity }: BurnRow,
  percent: number,
  ratio: (window: string) => string,
  bad: (window: string) => string,
): Omit<AlertRule, 'alert' | 'summary' | 'description' | 'action'> {
  const limit = `(${factor} * ${number((100 - percent) / 100)})`;
  return {
    signal: 'slo',
    severity,
    expr: [
      `${ratio(long)} > ${limit}`,
      `and on (job) ${ratio(short)} > ${limit}`,
      `and on (job) ${badIn(long, longS, bad)} >= ${minimumBad}`,
      // A service that has just begun has no long window yet: its first bad minutes would fill it.
      `and on (job) ${RECORDED.requests('5m')} offset ${short}`,
    ].join('\n'),
    forS: 0,
    threshold: percent,
    labels: { burn_rate: String(factor), long_window: long, short_window: short },
    reads: ['serverDuration'],
  };
}

/**
 * How many requests were bad within a window. An average over days may be one over the hours since the service began, so for these what
 * was recorded is summed up, at as many samples an hour as there are.
 */
function badIn(window: string, windowS: number, bad: (window: string) => string): string {
  const isAveraged = longWindows.some((one) => one === window);
  if (!isAveraged) return `${windowS} * ${bad(window)}`;
  return `3600 * sum_over_time(${bad('5m')}[${window}]) / count_over_time(${bad('5m')}[1h])`;
}
