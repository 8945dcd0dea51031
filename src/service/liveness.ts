import { outsideTimers } from '../context/outside.js';
import type { Clock } from '../core/clock.js';
import type { Faults } from '../core/faults.js';
import type { Log } from '../core/log.js';
import { backgroundTimers } from '../core/timers.js';
import type { Health } from '../health/health.js';
import { Heartbeats } from '../health/heartbeats.js';
import { Overload } from '../health/overload.js';
import type { Instrument } from '../metrics/instrument.js';
import { type Condition, Heartbeat } from '../process/heartbeat.js';
import { sendPing } from '../process/heartbeat-client.js';
import { targetsOf } from '../process/heartbeat-target.js';
import { createLoopGauge } from '../process/loop-gauge.js';
import { LoopMonitor } from '../process/loop-monitor.js';
import { Shedding } from '../process/shedding.js';
import type { Config } from './options.js';

export interface LivenessParts {
  readonly config: Pick<Config, 'overload' | 'heartbeat' | 'health'>;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly log: Log;
  readonly health: Health;
}

/** How the process itself is doing: its event loop, the beats it sends and those it waits for. */
export interface Liveness {
  readonly shedding: Shedding;
  /** Undefined where it is off. */
  readonly heartbeat: Heartbeat | undefined;
  readonly heartbeats: Heartbeats;
  readonly instruments: readonly Instrument[];
  /** Ends what goes on in the background. */
  close(): void;
}

const timers = outsideTimers(backgroundTimers);

/** Begins to watch the event loop and to beat; the health report gets an entry for each. */
export function createLiveness({ config, clock, faults, log, health }: LivenessParts): Liveness {
  const overload = new Overload(config.overload, clock, Math.random);
  const shedding = new Shedding({ config: config.overload, overload, faults });
  const monitor = new LoopMonitor({
    clock,
    timers,
    windowMs: config.overload.sampleMs,
    gauge: createLoopGauge(),
    onSample: (sample) => shedding.sample(sample),
  });
  const stalledMs = () => monitor.stalledMs;
  const heartbeats = new Heartbeats(clock, stalledMs);
  health.contribute(() => [overload.entry(config.health?.isUnreadyOnOverload === true)]);
  health.contribute(() => heartbeats.entries());
  const heartbeat =
    config.heartbeat &&
    new Heartbeat({
      config: config.heartbeat,
      targets: targetsOf(config.heartbeat, sendPing),
      clock,
      timers,
      random: Math.random,
      log,
      condition: () => conditionOf(health),
      stalledMs,
    });
  monitor.start();
  heartbeat?.start();
  return {
    shedding,
    heartbeat,
    heartbeats,
    instruments: [...shedding.instruments, ...(heartbeat?.instruments ?? [])],
    close: () => monitor.stop(),
  };
}

function conditionOf(health: Health): Condition {
  const { ok, reason } = health.verdict({ probe: 'health', group: undefined });
  if (ok) return 'healthy';
  return reason === 'starting' || reason === 'draining' ? 'neither' : 'failing';
}
