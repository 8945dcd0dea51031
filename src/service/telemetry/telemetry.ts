import type { IncomingMessage } from 'node:http';
import type { Context, Meter, Tracer } from '@opentelemetry/api';
import type { LogSink } from '../../context/log-entry.js';
import { isCalledElsewhere, isServedElsewhere } from '../../context/official-http.js';
import type { Propagation } from '../../context/propagators.js';
import { contextManager, useForeignContextManager } from '../../context/storage.js';
import type { Backlog } from '../../core/backlog.js';
import { atMost, holdingTimers } from '../../core/timers.js';
import { isForeign, registerGlobals } from '../../export/api-globals.js';
import { registerDiagnostics } from '../../export/diagnostics.js';
import { foreignLoggerProvider } from '../../export/log-globals.js';
import { isOwnTraffic } from '../../export/own-traffic.js';
import type { ClientRed } from '../../metrics/client-red.js';
import type { ServerRed } from '../../metrics/server-red.js';
import { extractW3C, extractWith, type RequestTracing } from '../../server/request-tracing.js';
import type { CallTracing } from '../../trace/call-tracing.js';
import type { Destinations } from '../start-line.js';
import { createExports, destinationOf, type ExportsParts } from './exports.js';
import { createLogs } from './logs.js';
import { createMetrics } from './metrics.js';
import type { MetricTelemetry } from './signal-telemetry.js';
import { createTraces } from './traces.js';

export interface TelemetryParts extends ExportsParts {
  readonly write: (line: string) => void;
  readonly propagation: Propagation;
}

/** Traces, metrics and logs of one service, from what records them to what exports them. */
export interface Telemetry extends Pick<MetricTelemetry, 'collect' | 'durations' | 'show'> {
  /** Where each signal goes. */
  readonly destinations: Destinations;
  /** False where there are neither traces nor metrics. */
  readonly isOn: boolean;
  readonly tracing: RequestTracing;
  readonly red: ServerRed | undefined;
  readonly callTracing: CallTracing;
  readonly clientRed: ClientRed | undefined;
  /** Where ended requests and calls wait to be recorded in batches; undefined where a processor needs each at once. */
  readonly backlog: Backlog | undefined;
  readonly tracer: Tracer;
  readonly meter: Meter;
  /** Takes log records; undefined where none are exported. */
  readonly logs: LogSink | undefined;
  /** What is neither traced nor measured: what the user says, and the requests of our own exporters. */
  readonly isIgnored: ((req: IncomingMessage) => boolean) | undefined;
  /** Whether an SDK that the application has registered observes the same requests and calls; undefined without one. */
  readonly elsewhere: Elsewhere | undefined;
  /** Exports what waits, beginning in this tick; settles when it has been tried, after `boundMs` at the latest. Never rejects. */
  flush(boundMs?: number): Promise<void>;
  /** Exports for the last time; what is not out by then is counted as dropped, before `boundMs` is over. */
  shutdown(boundMs: number): Promise<void>;
}

interface Elsewhere {
  serves(context: Context, server: unknown): boolean;
  calls(context: Context): boolean;
}

/** How long flush() waits at most, in milliseconds. */
const flushBoundMs = 30_000;

/** Of the bound of a shutdown: the rest is for giving up what is under way, and saying so. */
const exportShare = 0.9;

/** How long the last export may take where one before it has not been answered in time: most likely none will be. */
const hungMs = 500;

/** Builds the telemetry of a service; an SDK that the application has registered for a signal takes the place of ours. */
export function createTelemetry(parts: TelemetryParts): Telemetry {
  const { config, propagation } = parts;
  const exports = createExports(parts);
  const stopDiagnostics = config.isDiagnosed ? registerDiagnostics(config.logLevel, parts.write) : undefined;
  useForeignContextManager(isForeign('context'));

  const extract = propagation.isW3C ? extractW3C : extractWith(propagation.propagator);
  const traces = createTraces(exports, extract, isForeign('trace'));
  const metrics = createMetrics(exports, isForeign('metrics'));
  const logs = createLogs(exports, foreignLoggerProvider());
  const bySignal = { traces, metrics, logs };
  const all = [traces, metrics, logs];

  const release = registerGlobals({
    tracerProvider: traces.provider,
    meterProvider: metrics.provider,
    contextManager,
    propagator: propagation.propagator,
  });
  /** The last flush was not answered in time. */
  let isHung = false;

  return {
    destinations: {
      isForeign: (signal) => bySignal[signal].isForeign,
      collectorOf: (signal) => destinationOf(exports.otlpOf(signal)),
    },
    isOn: config.traces !== undefined || config.metrics !== undefined,
    tracing: traces.requests,
    red: metrics.server,
    callTracing: traces.calls,
    clientRed: metrics.client,
    backlog: traces.isImmediate || metrics.isImmediate ? undefined : exports.backlog,
    show: metrics.show,
    collect: metrics.collect,
    durations: metrics.durations,
    isIgnored: traces.isOwn || metrics.isOwn ? ownTrafficOr(config.isIgnored) : config.isIgnored,
    elsewhere:
      traces.isForeign || metrics.isForeign
        ? { serves: isServedElsewhere, calls: isCalledElsewhere }
        : undefined,
    get tracer() {
      return traces.tracer();
    },
    get meter() {
      return metrics.meter();
    },
    logs: logs.emit,
    async flush(boundMs = flushBoundMs) {
      const end = exports.urgency.begin();
      let isSettled = false;
      const work = Promise.all(all.map((signal) => signal.flush())).finally(() => {
        isSettled = true;
      });
      await atMost(holdingTimers, boundMs, work);
      isHung = !isSettled;
      end();
    },
    async shutdown(boundMs) {
      release();
      exports.urgency.begin();
      const exportMs = Math.min(boundMs * exportShare, isHung ? hungMs : boundMs);
      await Promise.all(all.map((signal) => signal.shutdown(exportMs)));
      stopDiagnostics?.();
    },
  };
}

function ownTrafficOr(isIgnored: Telemetry['isIgnored']): Telemetry['isIgnored'] {
  return isIgnored === undefined ? isOwnTraffic : (req) => isOwnTraffic(req) || isIgnored(req);
}
