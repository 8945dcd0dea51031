import { anyOf, number, quoted } from './promql.js';
import type { Rule } from './rule.js';
import type { RuleConfig } from './rule-options.js';
import { select } from './series.js';

const timestamp = select('heartbeatTimestamp');
const interval = select('heartbeatInterval');

/** Whether services are there at all, and whether alerts arrive. */
export function livenessRules(config: RuleConfig): readonly Rule[] {
  const { heartbeatIntervals, jobs } = config;
  return [
    {
      alert: 'HeartbeatStale',
      signal: 'liveness',
      severity: 'page',
      expr: `time() - max by (job, instance) (${timestamp})\n> ${allowedAge(config)}`,
      forS: 0,
      threshold: heartbeatIntervals,
      labels: {},
      summary: '{{ $labels.job }} on {{ $labels.instance }} has stopped beating',
      description:
        'The last heartbeat of {{ $labels.instance }} is {{ $value | humanizeDuration }} old: the process hangs, makes no progress or is gone.',
      action: 'Look at the last lines of its log and at its event loop delay before you restart it.',
      reads: ['heartbeatTimestamp', 'heartbeatInterval'],
    },
    {
      alert: 'HeartbeatMissing',
      signal: 'liveness',
      severity: 'page',
      // Of the service, not of the instance: a deployment replaces those every time.
      expr: `max by (job) (last_over_time(${timestamp}[1h]))\nunless on (job)\nmax by (job) (${timestamp})`,
      forS: 60,
      threshold: undefined,
      labels: {},
      summary: 'no instance of {{ $labels.job }} is left',
      description: '{{ $labels.job }} had a heartbeat within the last hour, and has none now.',
      action: 'See whether it was taken down on purpose, whether it starts, and whether it is still scraped.',
      reads: ['heartbeatTimestamp'],
    },
    ...neverSeen(jobs),
    {
      alert: 'TargetDown',
      signal: 'liveness',
      severity: 'page',
      expr: jobs.length === 0 ? 'up == 0' : `up{job=~${anyOf(jobs)}} == 0`,
      forS: 60,
      threshold: undefined,
      labels: {},
      summary: '{{ $labels.job }} on {{ $labels.instance }} cannot be scraped',
      description: 'Prometheus gets no metrics from {{ $labels.instance }}.',
      action: 'Ask the target page of Prometheus for the error; then see whether the process runs.',
      reads: [],
    },
    {
      alert: 'Watchdog',
      signal: 'liveness',
      severity: 'none',
      expr: 'vector(1)',
      forS: 0,
      threshold: undefined,
      labels: {},
      summary: 'alerts arrive',
      description:
        'This alert always fires. Have another system notice when it stops: then no alert arrives.',
      action: 'Nothing to do.',
      reads: [],
    },
  ];
}

/** One rule for all of them: a job in an alert's own labels would stand beside that of the series. */
function neverSeen(jobs: RuleConfig['jobs']): readonly Rule[] {
  if (jobs.length === 0) return [];
  const absent = (job: string) => `absent(${select('heartbeatTimestamp', [`job=${quoted(job)}`])})`;
  return [
    {
      alert: 'HeartbeatNeverSeen',
      signal: 'liveness',
      severity: 'page',
      expr: jobs.map(absent).join('\nor '),
      forS: 300,
      threshold: undefined,
      labels: {},
      summary: '{{ $labels.job }} is expected and not there',
      description: 'No heartbeat of {{ $labels.job }} arrives.',
      action: 'See whether it runs, whether it is scraped or exports, and under which job.',
      reads: ['heartbeatTimestamp'],
    },
  ];
}

/**
 * A pushed timestamp is as old as the last export besides: at 30 s between beats and 60 s between exports a healthy one is up to 93 s
 * old. An interval of 0 says that the service has ended in order, and that no further beat is to be expected.
 */
function allowedAge({ heartbeatIntervals, exportIntervalS }: RuleConfig): string {
  const late = `${number(heartbeatIntervals)} * (max by (job, instance) (${interval}) > 0)`;
  return exportIntervalS === 0 ? late : `clamp_min(${late}, ${number(2 * exportIntervalS)})`;
}
