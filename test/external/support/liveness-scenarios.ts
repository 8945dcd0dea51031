import { counter, fires, type Scenario } from './promtool.js';

const labels = (job: string, instance: string) => `{job="${job}",instance="${instance}"}`;
const fired = (job: string, instance: string) => `{instance="${instance}",job="${job}"}`;

/** Beats until so many samples of 15 s have passed, and then stays as it is, as a process that hangs does. */
function beating(job: string, instance: string, intervalS: number, samples: number, frozen: number) {
  const last = samples * 15;
  return {
    [`golden_signals_heartbeat_timestamp_seconds${labels(job, instance)}`]: `${counter([samples, 15])} ${last}x${frozen}`,
    [`golden_signals_heartbeat_interval_seconds${labels(job, instance)}`]: `${intervalS}x${samples + frozen}`,
  };
}

const stale: Scenario = {
  name: 'HeartbeatStale',
  interval: '15s',
  series: {
    ...beating('well', 'a', 30, 60, 0),
    // 300 s is when both stop: three intervals are less than two exports for the one, more for the other.
    ...beating('often', 'a', 30, 20, 40),
    ...beating('seldom', 'a', 60, 20, 40),
    ...beating('often', 'b', 30, 60, 0),
    // Two series of one instance: the later beat and the longer interval count.
    ...beating('scoped', 'a', 60, 20, 40),
    'golden_signals_heartbeat_timestamp_seconds{job="scoped",instance="a",otel_scope_version="1"}': '1x60',
    'golden_signals_heartbeat_interval_seconds{job="scoped",instance="a",otel_scope_version="1"}': '1x60',
    // It has ended in order: what it pushed last says so.
    ...beating('ended', 'a', 0, 20, 40),
  },
  expects: [
    fires('420s', 'HeartbeatStale'),
    fires('435s', 'HeartbeatStale', fired('often', 'a')),
    fires('480s', 'HeartbeatStale', fired('often', 'a')),
    fires('495s', 'HeartbeatStale', fired('often', 'a'), fired('seldom', 'a'), fired('scoped', 'a')),
  ],
};

const timestamp = 'golden_signals_heartbeat_timestamp_seconds';

const missing: Scenario = {
  name: 'HeartbeatMissing, HeartbeatNeverSeen and TargetDown',
  interval: '15s',
  series: {
    [`${timestamp}${labels('lost', 'a')}`]: `${counter([40, 15])} stale`,
    [`${timestamp}${labels('lost', 'b')}`]: `${counter([40, 15])} stale`,
    // A deployment: one instance goes, another comes.
    [`${timestamp}${labels('orders', 'a')}`]: '_x28 420+15x11 stale',
    [`${timestamp}${labels('orders', 'b')}`]: '_x28 420+15x372',
    [`up${labels('orders', 'a')}`]: '1x39 0x10',
    [`up${labels('orders', 'b')}`]: '1x400',
    [`up${labels('lost', 'a')}`]: '0x400',
    [`up${labels('pay.ments', 'a')}`]: '1x39 0x10',
    [`up${labels('payXments', 'a')}`]: '0x400',
  },
  expects: [
    fires('11m', 'HeartbeatMissing'),
    fires('675s', 'HeartbeatMissing', '{job="lost"}'),
    fires('60m', 'HeartbeatMissing', '{job="lost"}'),
    fires('75m', 'HeartbeatMissing'),
    fires('4m', 'HeartbeatNeverSeen'),
    fires('6m', 'HeartbeatNeverSeen', '{job="orders"}', '{job="pay.ments"}'),
    fires('8m', 'HeartbeatNeverSeen', '{job="pay.ments"}'),
    fires('645s', 'TargetDown'),
    fires('11m', 'TargetDown', fired('orders', 'a'), fired('pay.ments', 'a')),
    fires('0m', 'Watchdog', '{severity="none"}'),
    fires('60m', 'Watchdog', '{severity="none"}'),
  ],
};

export const livenessScenarios: readonly Scenario[] = [stale, missing];
/** Services that the rules of these scenarios expect. */
export const expectedJobs = ['orders', 'pay.ments'] as const;
