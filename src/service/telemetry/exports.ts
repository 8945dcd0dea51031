import { outsideTimers } from '../../context/outside.js';
import { Backlog } from '../../core/backlog.js';
import type { Clock } from '../../core/clock.js';
import { createEnvironment } from '../../core/environment.js';
import type { Faults } from '../../core/faults.js';
import type { IdGenerator } from '../../core/ids.js';
import type { Log } from '../../core/log.js';
import { backgroundTimers } from '../../core/timers.js';
import { createPaces } from '../../export/export-pace.js';
import { reasonOf } from '../../export/failure.js';
import { resolveOtlp, type Signal } from '../../export/otlp-config.js';
import type { OtlpParts } from '../../export/otlp-exporter.js';
import { createOutages, type Outage } from '../../export/outage.js';
import { ServiceResource } from '../../export/resource.js';
import { Urgency } from '../../export/urgency.js';
import { createDropped, type Dropped } from '../../metrics/dropped.js';
import type { Config } from '../options.js';

export interface ExportsParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly ids: IdGenerator;
  readonly faults: Faults;
  readonly log: Log;
}

/** What the signals of one service share where they are exported by this library. */
export interface Exports extends ExportsParts {
  readonly dropped: Dropped;
  /** Where ended requests and calls wait to be recorded in batches. */
  readonly backlog: Backlog;
  readonly urgency: Urgency;
  readonly resource: () => ServiceResource;
  outageOf(signal: string, destination: string): Outage;
  /** How a signal gets to its collector. */
  otlpOf(signal: Signal): OtlpParts;
}

export function createExports(parts: ExportsParts): Exports {
  const { config, clock, log } = parts;
  const serviceResource = new ServiceResource(config.service.attributes);
  const dropped = createDropped();
  const urgency = new Urgency();
  const outageOf = createOutages(log, clock);
  const paceOf = createPaces();
  return {
    ...parts,
    dropped,
    backlog: new Backlog(outsideTimers(backgroundTimers)),
    urgency,
    resource: () => serviceResource,
    outageOf,
    otlpOf(signal) {
      // Read at the start, as all configuration is, and not when the first export is due.
      const warn = (message: string) => log.warnOnce(message, message);
      const otlp = resolveOtlp(signal, config.protocols[signal], createEnvironment(process.env, warn), warn);
      return {
        config: otlp,
        isDiagnosed: config.isDiagnosed,
        onUnreachable: (error) =>
          outageOf(signal === 'traces' ? 'spans' : signal, otlp.url.origin).failed(reasonOf(error)),
        clock,
        random: Math.random,
        timers: backgroundTimers,
        urgency,
        pace: paceOf(otlp.url.origin),
        onRejected: (count) => dropped.add('rejected', count),
      };
    },
  };
}

/** Names the collector and not the signal's path, so that signals which share one share its outages. */
export function destinationOf({ config: { url } }: OtlpParts): string {
  return url.origin;
}
