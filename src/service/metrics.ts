import cluster from 'node:cluster';
import type { CollectionResult } from '@opentelemetry/sdk-metrics';
import type { Clock } from '../core/clock.js';
import type { Faults } from '../core/faults.js';
import type { Log } from '../core/log.js';
import { backgroundTimers } from '../core/timers.js';
import { Scrapes } from '../export/prometheus/scrapes.js';
import type { Management } from '../management/management.js';
import type { OwnRoute } from '../server/probes/own-route.js';
import type { ProbeResponder } from '../server/probes/responder.js';
import { PACKAGE } from '../version.js';
import type { Config } from './options.js';

export interface ServiceMetricsParts {
  readonly config: Pick<Config, 'metrics'>;
  /** Undefined where the metrics go through an SDK that the application has registered itself. */
  readonly collect: (() => Promise<CollectionResult>) | undefined;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly log: Log;
  readonly probes: ProbeResponder;
  readonly management: Management | undefined;
}

/** Lets Prometheus scrape the metrics: on the servers of the service where it is asked for, and on the management port. */
export function serveMetrics(parts: ServiceMetricsParts): void {
  const { collect, clock, faults, log, probes, management } = parts;
  const config = parts.config.metrics?.prometheus;
  if (config === undefined) return;
  if (collect === undefined) {
    if (config.isOnServers)
      log.warnOnce(
        'metrics.prometheus',
        'metrics.prometheus is ignored: the application has registered a meter provider of its own; give that a Prometheus exporter',
      );
    return;
  }
  const scrapes = new Scrapes({
    collect,
    scopeName: PACKAGE,
    worker: cluster.worker?.id,
    clock,
    timers: backgroundTimers,
    onFault: faults.caught,
    warnOnce: log.warnOnce,
  });
  const route: OwnRoute = {
    path: config.path,
    answer: ({ headers }) => scrapes.answer(headers.accept, headers['accept-encoding']),
  };
  if (config.isOnServers) probes.addRoute(route);
  management?.addRoute(route);
}
