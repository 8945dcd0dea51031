import type { Server } from 'node:http';
import { ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import type { Breakers } from '../client/breakers.js';
import { outsideTimers, runOutside } from '../context/outside.js';
import { runInContext } from '../context/storage.js';
import type { Clock } from '../core/clock.js';
import type { Faults } from '../core/faults.js';
import type { IdGenerator } from '../core/ids.js';
import type { Log } from '../core/log.js';
import { backgroundTimers } from '../core/timers.js';
import type { Isolate } from '../health/check-reading.js';
import type { EntryProvider } from '../health/entry.js';
import { Health } from '../health/health.js';
import { createHealthLog } from '../health/health-log.js';
import { resolveHealth } from '../health/options.js';
import { createManagement, type Management } from '../management/management.js';
import type { Instrument } from '../metrics/instrument.js';
import { AppRoutes } from '../server/probes/app-routes.js';
import { Elsewhere } from '../server/probes/elsewhere.js';
import { createProbeMetrics } from '../server/probes/metrics.js';
import { PathOwners } from '../server/probes/path-owners.js';
import { ProbeResponder } from '../server/probes/responder.js';
import type { Config } from './options.js';

export interface ServiceHealthParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly ids: IdGenerator;
  readonly faults: Faults;
  readonly log: Log;
  readonly breakers: Breakers;
  /** Excludes a server: its requests are neither traced nor measured. */
  readonly leaveAlone: (server: Server) => void;
}

/** The health of one service with all that belongs to it: log lines, metrics, what others contribute, and the answers on its servers. */
export interface ServiceHealth {
  readonly health: Health;
  readonly probes: ProbeResponder;
  /** The applications of the service, whose own routes go before the probes. */
  readonly apps: AppRoutes;
  /** Undefined where there is no port of its own. */
  readonly management: Management | undefined;
  readonly instruments: readonly Instrument[];
}

/** A timer set while a request is served would keep all of that request for as long as checks go on. */
const timers = outsideTimers(backgroundTimers);

function every(ms: number, run: () => void): () => void {
  const timer = runOutside(() => setInterval(run, ms).unref());
  return () => clearInterval(timer);
}

/** Builds the health of a service; its checks run from here on. */
export function createServiceHealth(parts: ServiceHealthParts): ServiceHealth {
  const { config, clock, ids, faults, log, breakers, leaveAlone } = parts;
  const metrics = createProbeMetrics();
  const lines = createHealthLog(log);
  const health = new Health({
    config: config.health ?? resolveHealth(),
    identity: config.service,
    clock,
    timers,
    random: Math.random,
    faults,
    isolate: createIsolate(ids),
    events: {
      ...lines,
      onState(change) {
        lines.onState?.(change);
        management?.publish();
      },
      onResult: metrics.onResult,
      onChange(change) {
        metrics.onChange(change);
        lines.onChange?.(change);
      },
    },
  });
  health.contribute(circuits(breakers));
  health.contribute(uptime);
  const apps = new AppRoutes();
  const onClash = createClashLines(log, config.metrics?.prometheus?.path);
  const probes = new ProbeResponder({
    health,
    config: config.health,
    faults,
    timers,
    owners: new PathOwners({ clock, routes: apps, onClash }),
    elsewhere: new Elsewhere(),
    onAnswered: metrics.answered,
  });
  const management =
    config.management &&
    createManagement({
      config: config.management,
      health,
      probes: config.health,
      log,
      every,
      leaveAlone,
      onAnswered: metrics.answered,
    });
  health.start();
  return { health, probes, apps, management, instruments: metrics.instruments(health) };
}

/** Says once for each path that there are two answers, which one is given, and what changes that. */
function createClashLines(log: Log, metricsPath: string | undefined) {
  return (path: string, isAppFirst: boolean): void => {
    const isMetrics = path === metricsPath;
    const cure = isMetrics
      ? 'metrics.prometheus.path moves the metrics'
      : 'health.path moves the probes, health.override: true puts them first, health: false leaves them out';
    log.warnOnce(
      `health.clash ${path}`,
      isAppFirst
        ? `the application has an answer to GET ${path} of its own, which stays; ${cure}`
        : `the application answers GET ${path} with a page, as it may any path, and golden-signals answers ${
            isMetrics ? 'scrapes' : 'probes'
          }; ${isMetrics ? cure : 'health.path moves the probes, health: false leaves them out'}`,
    );
  };
}

/**
 * Runs a check outside of any request and under a parent that is not sampled: breakers guard its calls and durations are measured, but
 * there is no span, neither here nor at a service that follows the caller's decision.
 */
function createIsolate(ids: IdGenerator): Isolate {
  return (run) => {
    const parent = {
      traceId: ids.traceId(),
      spanId: ids.spanId(),
      traceFlags: TraceFlags.NONE,
      isRemote: true,
    };
    return runOutside(() => runInContext(trace.setSpanContext(ROOT_CONTEXT, parent), run, undefined));
  };
}

/** An open breaker already contains the fault: it is worth a warning and never the readiness. */
function circuits(breakers: Breakers): EntryProvider {
  return function* () {
    for (const breaker of breakers.all()) {
      const { name, state } = breaker;
      const isFine = state === 'closed' || state === 'off';
      yield [
        `${name}:circuit`,
        {
          componentType: 'component',
          critical: false,
          status: isFine ? 'pass' : 'warn',
          observedValue: state,
          output: isFine ? undefined : outputOf(state, breaker.snapshot().retryAfterMs),
        },
      ];
    }
  };
}

function outputOf(state: string, retryAfterMs: number): string {
  return retryAfterMs > 0 ? `${state}; next try in ${Math.ceil(retryAfterMs / 1_000)} s` : state;
}

const uptime: EntryProvider = () => [
  [
    'process:uptime',
    {
      componentType: 'system',
      status: 'pass',
      observedValue: Math.round(process.uptime() * 10) / 10,
      observedUnit: 's',
    },
  ],
];
