import { number } from './promql.js';
import type { Rule } from './rule.js';
import type { RuleConfig } from './rule-options.js';
import { poolLimit, select } from './series.js';

const perPool = 'sum by (job, instance, db_client_connection_pool_name)';
const perInstance = 'max by (job, instance)';
const perInstanceSum = 'sum by (job, instance)';
/** Of the time: what is left has to hold the peaks. */
const maxUtilization = 0.9;

/** Of the memory limit: the kernel ends the process where nothing is left. */
const maxMemory = 0.9;
/** Of the periods in which the container wanted CPU. */
const maxThrottled = 0.25;

/** What is short: connections of pools, time of the event loop, what the container may use. By instance, for an average hides the one that is stuck. */
export function saturationRules({ poolRatio, loopDelayS }: RuleConfig): readonly Rule[] {
  return [
    {
      alert: 'DbPoolSaturated',
      signal: 'saturation',
      severity: 'page',
      // A pool without bound has a limit of 0 or none.
      expr: `${perPool} (${select('poolCount', ['db_client_connection_state="used"'])})\n/\n((${poolLimit((limits) => `${perPool} (${limits})`)}) > 0)\n> ${number(poolRatio)}`,
      forS: 60,
      threshold: poolRatio,
      labels: {},
      summary: 'pool {{ $labels.db_client_connection_pool_name }} of {{ $labels.job }} is nearly used up',
      description:
        '{{ $value | humanizePercentage }} of the connections of pool {{ $labels.db_client_connection_pool_name }} on {{ $labels.instance }} are in use.',
      action:
        'Look for the query that holds connections longest, or a transaction that never ends; then raise its limit.',
      reads: ['poolCount', 'poolLimit'],
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
    {
      alert: 'MemoryNearLimit',
      signal: 'saturation',
      severity: 'ticket',
      expr: `1 - ${perInstance} (${select('memoryAvailable')})\n/\n${perInstance} (${select('memoryLimit')})\n> ${number(maxMemory)}`,
      forS: 300,
      threshold: maxMemory,
      labels: {},
      summary: '{{ $labels.job }} is about to run out of memory',
      description:
        'The container of {{ $labels.instance }} uses {{ $value | humanizePercentage }} of its memory limit; at 100 % it is killed.',
      action: 'Compare heap and limit: a leak grows for hours, a limit that is too small is met at once.',
      reads: ['memoryAvailable', 'memoryLimit'],
    },
    {
      alert: 'CpuThrottled',
      signal: 'saturation',
      severity: 'ticket',
      expr: `${perInstanceSum} (rate(${select('cpuThrottled')}[5m]))\n/\n${perInstanceSum} (rate(${select('cpuPeriods')}[5m]))\n> ${number(maxThrottled)}`,
      forS: 600,
      threshold: maxThrottled,
      labels: {},
      summary: '{{ $labels.job }} is held up by its CPU limit',
      description:
        'The container of {{ $labels.instance }} was stopped in {{ $value | humanizePercentage }} of the periods in which it wanted CPU.',
      action: 'Raise the CPU limit, or leave it out: each stop is latency, also where the average is low.',
      reads: ['cpuPeriods', 'cpuThrottled'],
    },
  ];
}
