import type { Panel, PanelRow, Query } from './panel.js';
import { notProbes } from './promql.js';
import type { RuleConfig } from './rule-options.js';
import { poolLimit, type SeriesId, select } from './series.js';

const job = 'job=~"$job"';
const here = [job, 'instance=~"$instance"'];
const served = [...here, notProbes];
const window = '[$__rate_interval]';
const failed = 'http_response_status_code=~"5.."';

const rate = (by: string, id: SeriesId, matchers: readonly string[], suffix = '') =>
  `sum by (${by}) (rate(${select(id, matchers, suffix)}${window}))`;

/** A share of what is there; a service without failures has one of 0. */
const share = (by: string, id: SeriesId, matchers: readonly string[], bad: string) => {
  const all = rate(by, id, matchers, '_count');
  return `(${rate(by, id, [bad, ...matchers], '_count')} or 0 * ${all}) / ${all}`;
};

const quantile = (q: number, by: string, id: SeriesId, matchers: readonly string[]) =>
  `histogram_quantile(${q}, ${rate(`${by}, le`, id, matchers, '_bucket')})`;

const quantiles = (id: SeriesId, matchers: readonly string[]): Query[] =>
  [0.5, 0.9, 0.99].map((q) => ({
    expr: quantile(q, 'job', id, matchers),
    legend: `{{job}} p${q * 100}`,
    hasExemplars: true,
  }));

/** All panels, signal by signal: what callers feel, what the service calls, what is short, what protects it. */
export function dashboardRows(config: RuleConfig): readonly PanelRow[] {
  return [
    { title: 'Requests', panels: requestPanels(config) },
    { title: 'Routes', panels: routePanels(config) },
    { title: 'Calls', panels: callPanels() },
    { title: 'Saturation', panels: saturationPanels(config) },
    { title: 'Connection pools', panels: poolPanels(config) },
    { title: 'Circuit breakers', panels: breakerPanels() },
    { title: 'Heartbeats and health', panels: livenessPanels() },
  ];
}

function requestPanels({ p99S, errorRatio }: RuleConfig): Panel[] {
  return [
    {
      title: 'Rate',
      description: 'Requests a second.',
      type: 'timeseries',
      unit: 'reqps',
      width: 8,
      queries: [{ expr: rate('job', 'serverDuration', served, '_count'), legend: '{{job}}' }],
    },
    {
      title: 'Errors',
      description: 'Share of the requests that were answered with 5xx.',
      type: 'timeseries',
      unit: 'percentunit',
      width: 8,
      threshold: errorRatio,
      queries: [{ expr: share('job', 'serverDuration', served, failed), legend: '{{job}}' }],
    },
    {
      title: 'Duration',
      description: 'Quantiles of the request durations; a point is the trace of one request.',
      type: 'timeseries',
      unit: 's',
      width: 8,
      threshold: p99S,
      queries: quantiles('serverDuration', served),
    },
  ];
}

function routePanels({ p99S, errorRatio }: RuleConfig): Panel[] {
  const by = 'job, http_request_method, http_route';
  const legend = '{{http_request_method}} {{http_route}} {{job}}';
  return [
    {
      title: 'Rate by route',
      description: 'Requests a second, the ten routes with most.',
      type: 'timeseries',
      unit: 'reqps',
      width: 8,
      queries: [{ expr: `topk(10, ${rate(by, 'serverDuration', served, '_count')})`, legend }],
    },
    {
      title: 'Errors by route',
      description: 'Share of 5xx, the ten routes with most.',
      type: 'timeseries',
      unit: 'percentunit',
      width: 8,
      threshold: errorRatio,
      queries: [{ expr: `topk(10, ${share(by, 'serverDuration', served, failed)} > 0)`, legend }],
    },
    {
      title: 'p99 by route',
      description: 'The ten slowest routes; a point is the trace of one request.',
      type: 'timeseries',
      unit: 's',
      width: 8,
      threshold: p99S,
      queries: [
        { expr: `topk(10, ${quantile(0.99, by, 'serverDuration', served)})`, legend, hasExemplars: true },
      ],
    },
  ];
}

function callPanels(): Panel[] {
  const by = 'job, server_address, server_port';
  const legend = '{{job}} → {{server_address}}:{{server_port}}';
  return [
    {
      title: 'Calls',
      description: 'HTTP calls a second to each upstream.',
      type: 'timeseries',
      unit: 'reqps',
      width: 6,
      queries: [{ expr: rate(by, 'clientDuration', here, '_count'), legend }],
    },
    {
      title: 'Failed calls',
      description: 'Share of the calls that ended with an error or a status from 400 up.',
      type: 'timeseries',
      unit: 'percentunit',
      width: 6,
      queries: [{ expr: share(by, 'clientDuration', here, 'error_type!=""'), legend }],
    },
    {
      title: 'Duration of calls, p99',
      description: 'Until the head of the response; a point is the trace of one call.',
      type: 'timeseries',
      unit: 's',
      width: 6,
      queries: [{ expr: quantile(0.99, by, 'clientDuration', here), legend, hasExemplars: true }],
    },
    {
      title: 'Database operations, p99',
      description: 'Quantile of the durations of database operations; a point is the trace of one.',
      type: 'timeseries',
      unit: 's',
      width: 6,
      queries: [
        {
          expr: quantile(0.99, 'job, db_system_name, db_operation_name', 'databaseDuration', here),
          legend: '{{job}} {{db_system_name}} {{db_operation_name}}',
          hasExemplars: true,
        },
      ],
    },
  ];
}

function saturationPanels({ loopDelayS }: RuleConfig): Panel[] {
  const legend = '{{job}} {{instance}}';
  return [
    {
      title: 'Event loop delay',
      description: 'How late the turns of the event loop are.',
      type: 'timeseries',
      unit: 's',
      width: 6,
      threshold: loopDelayS,
      queries: [
        { expr: `max by (job, instance) (${select('loopDelayP99', here)})`, legend: `${legend} p99` },
        { expr: `max by (job, instance) (${select('loopDelayP50', here)})`, legend: `${legend} p50` },
      ],
    },
    {
      title: 'Event loop utilization',
      description: 'Share of the time in which the event loop was busy.',
      type: 'timeseries',
      unit: 'percentunit',
      width: 6,
      max: 1,
      threshold: 0.9,
      queries: [{ expr: `max by (job, instance) (${select('loopUtilization', here)})`, legend }],
    },
    {
      title: 'CPU',
      description: 'Cores in use.',
      type: 'timeseries',
      unit: 'short',
      width: 6,
      queries: [{ expr: rate('job, instance', 'cpuTime', here), legend }],
    },
    {
      title: 'Memory',
      description: 'Resident memory, and what the container may use.',
      type: 'timeseries',
      unit: 'bytes',
      width: 6,
      queries: [
        { expr: `max by (job, instance) (${select('memoryUsage', here)})`, legend },
        { expr: `max by (job, instance) (${select('memoryLimit', here)})`, legend: `${legend} limit` },
      ],
    },
    {
      title: 'CPU throttling',
      description: 'Share of the periods with work in which the CPU limit stopped the container.',
      type: 'timeseries',
      unit: 'percentunit',
      width: 6,
      max: 1,
      queries: [
        {
          expr: `${rate('job, instance', 'cpuThrottled', here)} / ${rate('job, instance', 'cpuPeriods', here)}`,
          legend,
        },
      ],
    },
    {
      title: 'Active requests',
      description: 'Requests being served.',
      type: 'timeseries',
      unit: 'short',
      width: 6,
      queries: [{ expr: `sum by (job, instance) (${select('serverActive', here)})`, legend }],
    },
    {
      title: 'Shed requests',
      description: 'Requests a second that were turned away because the process was overloaded.',
      type: 'timeseries',
      unit: 'reqps',
      width: 6,
      queries: [{ expr: rate('job, instance', 'overloadShed', here), legend }],
    },
    {
      title: 'Dropped telemetry',
      description: 'Spans and metrics a second that were given up, by reason.',
      type: 'timeseries',
      unit: 'cps',
      width: 6,
      queries: [
        {
          expr: rate('job, golden_signals_reason', 'dropped', here),
          legend: '{{job}} {{golden_signals_reason}}',
        },
      ],
    },
  ];
}

function poolPanels({ poolRatio }: RuleConfig): Panel[] {
  const by = 'job, instance, db_client_connection_pool_name';
  const legend = '{{job}} {{db_client_connection_pool_name}} {{instance}}';
  const used = `sum by (${by}) (${select('poolCount', ['db_client_connection_state="used"', ...here])})`;
  const limit = poolLimit((limits) => `sum by (${by}) (${limits})`, here);
  return [
    {
      title: 'Connections in use',
      description: 'Connections in use, and how many there may be.',
      type: 'timeseries',
      unit: 'short',
      width: 8,
      queries: [
        { expr: used, legend: `${legend} used` },
        { expr: limit, legend: `${legend} limit` },
      ],
    },
    {
      title: 'Pool saturation',
      description: 'Share of the connections of a pool in use.',
      type: 'timeseries',
      unit: 'percentunit',
      width: 8,
      max: 1,
      threshold: poolRatio,
      queries: [{ expr: `${used} / ((${limit}) > 0)`, legend }],
    },
    {
      title: 'Waiting for a connection',
      description: 'Requests that wait for a connection of a pool.',
      type: 'timeseries',
      unit: 'short',
      width: 8,
      queries: [{ expr: `sum by (${by}) (${select('poolPending', here)})`, legend }],
    },
  ];
}

function breakerPanels(): Panel[] {
  const by = 'job, golden_signals_breaker_name';
  const legend = '{{job}} → {{golden_signals_breaker_name}}';
  const state = (matcher: string) =>
    `max by (${by}) (${select('breakerState', [`golden_signals_breaker_state${matcher}`, ...here])})`;
  return [
    {
      title: 'State',
      description: 'The worst state of the circuit breaker of an upstream among the instances.',
      type: 'state-timeline',
      unit: 'short',
      width: 12,
      // Grafana has no half states: 0 closed, 1 half-open, 2 open.
      queries: [
        { expr: `clamp_max(2 * ${state('=~"open|forced-open"')} + ${state('="half-open"')}, 2)`, legend },
      ],
      mapping: {
        0: { text: 'closed', color: 'green' },
        1: { text: 'half-open', color: 'orange' },
        2: { text: 'open', color: 'red' },
      },
    },
    {
      title: 'Rejected calls',
      description: 'Calls a second that were not made because a circuit was open.',
      type: 'timeseries',
      unit: 'reqps',
      width: 12,
      queries: [{ expr: rate(by, 'breakerRejected', here), legend }],
    },
  ];
}

function livenessPanels(): Panel[] {
  return [
    {
      title: 'Age of the last heartbeat',
      description: 'How long ago the process found itself alive.',
      type: 'timeseries',
      unit: 's',
      width: 12,
      queries: [
        {
          expr: `time() - max by (job, instance) (${select('heartbeatTimestamp', here)})`,
          legend: '{{job}} {{instance}}',
        },
      ],
    },
    {
      title: 'Health checks',
      description: 'The worst result of each check among the instances.',
      type: 'state-timeline',
      unit: 'short',
      width: 12,
      queries: [
        {
          expr: `min by (job, golden_signals_health_check) (${select('healthStatus', here)})`,
          legend: '{{job}} {{golden_signals_health_check}}',
        },
      ],
      mapping: {
        1: { text: 'pass', color: 'green' },
        0.5: { text: 'warn', color: 'orange' },
        0: { text: 'fail', color: 'red' },
      },
    },
  ];
}
