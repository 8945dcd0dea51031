import { number } from './promql.js';
import type { Rule } from './rule.js';
import type { RuleConfig } from './rule-options.js';
import { select } from './series.js';

const perPool = 'sum by (job, instance, db_client_connection_pool_name)';
const perInstance = 'max by (job, instance)';
/** Of the time: what is left has to hold the peaks. */
const maxUtilization = 0.9;

/** What is short: connections of pools, time of the event loop. By instance, for an average hides the one that is stuck. */
export function saturationRules({ poolRatio, loopDelayS }: RuleConfig): readonly Rule[] {
  return [
    {
      alert: 'DbPoolSaturated',
      signal: 'saturation',
      severity: 'page',
      // A pool without bound has a max of 0 or none.
      expr: `${perPool} (${select('poolCount', ['db_client_connection_state="used"'])})\n/\n(${perPool} (${select('poolMax')}) > 0)\n> ${number(poolRatio)}`,
      forS: 60,
      threshold: poolRatio,
      labels: {},
      summary: 'pool {{ $labels.db_client_connection_pool_name }} of {{ $labels.job }} is nearly used up',
      description:
        '{{ $value | humanizePercentage }} of the connections of pool {{ $labels.db_client_connection_pool_name }} on {{ $labels.instance }} are in use.',
      action:
        'Look for the query that holds connections longest, or a transaction that nobody ends; then raise the max.',
      reads: ['poolCount', 'poolMax'],
    },
    {
      alert: 'DbPoolQueueing',
      signal: 'saturation',
      severity: 'ticket',
      expr: `${perPool} (${select('poolPending')}) > 0`,
      forS: 60,
      threshold: 0,
      labels: {},
      summary: 'requests of {{ $labels.job }} wait for pool {{ $labels.db_client_connection_pool_name }}',
      description:
        '{{ $value }} requests on {{ $labels.instance }} wait for a connection of pool {{ $labels.db_client_connection_pool_name }}.',
      action: 'As for DbPoolSaturated; this one also fires for a pool whose max is not known.',
      reads: ['poolPending'],
    },
    {
      alert: 'EventLoopDelayHigh',
      signal: 'saturation',
      severity: 'page',
      expr: `${perInstance} (${select('loopDelayP99')}) > ${number(loopDelayS)}`,
      forS: 120,
      threshold: loopDelayS,
      labels: {},
      summary: 'the event loop of {{ $labels.job }} is {{ $value | humanizeDuration }} late',
      description:
        'One turn in a hundred of the event loop on {{ $labels.instance }} is {{ $value | humanizeDuration }} late: something blocks it.',
      action:
        'Take a CPU profile of the instance: synchronous work such as JSON, crypto or a regular expression.',
      reads: ['loopDelayP99'],
    },
    {
      alert: 'EventLoopSaturated',
      signal: 'saturation',
      severity: 'ticket',
      expr: `${perInstance} (${select('loopUtilization')}) > ${number(maxUtilization)}`,
      forS: 300,
      threshold: maxUtilization,
      labels: {},
      summary: 'the event loop of {{ $labels.job }} has no time left',
      description:
        'The event loop on {{ $labels.instance }} is busy {{ $value | humanizePercentage }} of the time.',
      action: 'Add instances, or move work off the main thread.',
      reads: ['loopUtilization'],
    },
  ];
}
