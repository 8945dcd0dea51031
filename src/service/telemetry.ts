import type { IncomingMessage } from 'node:http';
import { type Context, createNoopMeter, type Meter, metrics, type Tracer, trace } from '@opentelemetry/api';
import type { CollectionResult } from '@opentelemetry/sdk-metrics';
import type { LogEntry, LogSink } from '../context/log-entry.js';
import { isCalledElsewhere, isServedElsewhere } from '../context/official-http.js';
import { outsideTimers } from '../context/outside.js';
import type { Propagation } from '../context/propagators.js';
import { contextManager, useForeignContextManager } from '../context/storage.js';
import { Backlog } from '../core/backlog.js';
import type { Clock } from '../core/clock.js';
import { createEnvironment } from '../core/environment.js';
import type { Faults } from '../core/faults.js';
import type { IdGenerator } from '../core/ids.js';
import type { Log } from '../core/log.js';
import { atMost, backgroundTimers, holdingTimers } from '../core/timers.js';
import { isForeign, registerGlobals } from '../export/api-globals.js';
import { ListBatch } from '../export/batch.js';
import { BatchQueue } from '../export/batch-queue.js';
import { registerDiagnostics } from '../export/diagnostics.js';
import { createPaces } from '../export/export-pace.js';
import { reasonOf } from '../export/failure.js';
import { createForeignLogSink } from '../export/foreign-logs.js';
import { createLogExporters } from '../export/log-exporters.js';
import { foreignLoggerProvider, registerLogs } from '../export/log-globals.js';
import { LogPipeline } from '../export/log-pipeline.js';
import { createMetricExporter } from '../export/metric-exporter.js';
import { MetricPipeline } from '../export/metric-pipeline.js';
import { resolveOtlp, type Signal } from '../export/otlp-config.js';
import type { OtlpParts } from '../export/otlp-exporter.js';
import { createOutages } from '../export/outage.js';
import { isOwnTraffic } from '../export/own-traffic.js';
import { ServiceResource } from '../export/resource.js';
import { createSpanQueue } from '../export/span-exporters.js';
import { TracePipeline } from '../export/trace-pipeline.js';
import { Urgency } from '../export/urgency.js';
import type { LogConfig } from '../logs/options.js';
import { CLIENT_DURATION, type ClientRed, createClientRed } from '../metrics/client-red.js';
import { createDropped } from '../metrics/dropped.js';
import { showInstruments } from '../metrics/foreign-instruments.js';
import { createForeignClientRed, createForeignServerRed, foreignDurations } from '../metrics/foreign-red.js';
import { Histogram } from '../metrics/histogram.js';
import type { Instrument, Recordable } from '../metrics/instrument.js';
import { SeriesSet } from '../metrics/series.js';
import { createServerRed, type ServerRed } from '../metrics/server-red.js';
import { createProcessMetrics } from '../process/process-metrics.js';
import { createForeignTracing } from '../server/foreign-tracing.js';
import {
  createPassThrough,
  createRequestTracing,
  extractW3C,
  extractWith,
  type RequestTracing,
} from '../server/request-tracing.js';
import {
  type CallTracing,
  createCallTracing,
  createForeignCallTracing,
  noCallTracing,
} from '../trace/call-tracing.js';
import type { LiveSpan } from '../trace/live-span.js';
import { createSampler } from '../trace/sampler.js';
import { PACKAGE, VERSION } from '../version.js';
import type { Config } from './options.js';
import type { Destinations } from './start-line.js';

export interface TelemetryParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly ids: IdGenerator;
  readonly faults: Faults;
  readonly log: Log;
  readonly write: (line: string) => void;
  readonly propagation: Propagation;
}

/** Traces and metrics of one service, wired from the seams to the way out. */
export interface Telemetry {
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
  /** Takes instruments that others keep out, too. */
  show(instruments: readonly Instrument[]): void;
  /** Everything that is measured, for a scrape; undefined where it goes through an SDK that the application has registered. */
  readonly collect: (() => Promise<CollectionResult>) | undefined;
  /** The series of one more histogram of durations; undefined where there are no metrics. */
  durations(metric: DurationMetric, bounds: readonly number[]): SeriesSet<Recordable> | undefined;
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

/** What a histogram of durations is called. */
type DurationMetric = Readonly<Record<'name' | 'description' | 'unit', string>>;

/** How long flush() waits at most, in milliseconds. */
const flushBoundMs = 30_000;

/** Of the bound of a shutdown: the rest is for giving up what is under way, and saying so. */
const exportShare = 0.9;

/** How long the last export may take where one before it has not been answered in time: most likely none will be. */
const hungMs = 500;

const scope = { name: PACKAGE, version: VERSION };

/** Builds everything between the seams and the exporters; an SDK that the application has registered takes the place of ours. */
export function createTelemetry(parts: TelemetryParts): Telemetry {
  const { config, clock, ids, faults, log, propagation } = parts;
  const extract = propagation.isW3C ? extractW3C : extractWith(propagation.propagator);
  const serviceResource = new ServiceResource(config.service.attributes);
  const resource = () => serviceResource;
  const ownSpans = { clock, scope, resource, limits: config.traces?.limits };
  const dropped = createDropped();
  const instruments: Instrument[] = [dropped.instrument];
  const backlog = new Backlog(outsideTimers(backgroundTimers));
  const onOverflow = () => dropped.add('series_limit');
  const outageOf = createOutages(log, clock);
  const urgency = new Urgency();
  const paceOf = createPaces();
  /** The last flush was not answered in time. */
  let isHung = false;
  const stopDiagnostics = config.isDiagnosed ? registerDiagnostics(config.logLevel, parts.write) : undefined;

  const isTraceForeign = isForeign('trace');
  const isMetricForeign = isForeign('metrics');
  const loggerProvider = foreignLoggerProvider();
  const isLogForeign = loggerProvider !== undefined;
  useForeignContextManager(isForeign('context'));

  const sampler =
    config.traces === undefined ? undefined : createSampler(config.traces.sampler, config.traces.sampleRatio);
  const traces = isTraceForeign ? undefined : tracePipeline();
  const meters = isMetricForeign ? undefined : metricPipeline();

  const processMetrics =
    config.metrics &&
    createProcessMetrics({
      clock,
      faults,
      foreignMeter: meters === undefined ? metrics.getMeter(PACKAGE, VERSION) : undefined,
    });
  show(processMetrics?.instruments ?? []);
  const logs = config.logs === undefined || isLogForeign ? undefined : logPipeline(config.logs);
  const releaseLogs = logs === undefined ? undefined : registerLogs(logs);

  const release = registerGlobals({
    tracerProvider: traces,
    meterProvider: meters,
    contextManager,
    propagator: propagation.propagator,
  });

  // A processor, a tracer and a meter of the application's own take what they are given when they are given it.
  const isHeardAtOnce =
    (config.traces !== undefined && traces?.started !== undefined) ||
    (config.traces !== undefined && isTraceForeign) ||
    (config.metrics !== undefined && isMetricForeign);

  return {
    destinations: {
      isForeign: (signal) =>
        signal === 'traces' ? isTraceForeign : signal === 'metrics' ? isMetricForeign : isLogForeign,
      collectorOf: (signal) => destinationOf(otlpParts(signal)),
    },
    isOn: config.traces !== undefined || config.metrics !== undefined,
    tracing: requestTracing(),
    red: serverRed(),
    callTracing: callTracing(),
    backlog: isHeardAtOnce ? undefined : backlog,
    clientRed: clientRed(),
    show,
    collect: meters && (() => meters.collect()),
    durations,
    isIgnored: ignoring(),
    elsewhere:
      isTraceForeign || isMetricForeign ? { serves: isServedElsewhere, calls: isCalledElsewhere } : undefined,
    get tracer() {
      return traces === undefined ? trace.getTracer(PACKAGE, VERSION) : traces.getTracer(PACKAGE, VERSION);
    },
    get meter() {
      if (meters !== undefined) return meters.getMeter(PACKAGE, VERSION);
      return config.metrics === undefined ? createNoopMeter() : metrics.getMeter(PACKAGE, VERSION);
    },
    logs: logs?.emit ?? foreignLogs(),
    async flush(boundMs = flushBoundMs) {
      const end = urgency.begin();
      const work = Promise.all([traces?.flush(), meters?.flush(), logs?.flush()]);
      let isSettled = false;
      await atMost(
        holdingTimers,
        boundMs,
        work.finally(() => {
          isSettled = true;
        }),
      );
      isHung = !isSettled;
      end();
    },
    async shutdown(boundMs) {
      release();
      releaseLogs?.();
      urgency.begin();
      const exportMs = Math.min(boundMs * exportShare, isHung ? hungMs : boundMs);
      await Promise.all([traces?.shutdown(exportMs), meters?.shutdown(exportMs), logs?.shutdown(exportMs)]);
      processMetrics?.close();
      stopDiagnostics?.();
    },
  };

  function tracePipeline(): TracePipeline | undefined {
    if (config.traces === undefined || sampler === undefined) return undefined;
    const { exporters, queue, processors } = config.traces;
    const otlp = otlpParts('traces');
    return new TracePipeline({
      queue: createSpanQueue(exporters, otlp, ownSpans, {
        config: queue,
        dropped,
        outage: outageOf('spans', destinationOf(otlp)),
        timers: backgroundTimers,
        pace: otlp.pace,
        gather: () => backlog.clear(),
      }),
      processors,
      limits: config.traces.limits,
      sampler,
      ids,
      resource,
      onFault: faults.caught,
    });
  }

  function metricPipeline(): MetricPipeline | undefined {
    if (config.metrics === undefined) return undefined;
    const otlp = otlpParts('metrics');
    return new MetricPipeline({
      config: config.metrics,
      isScraped: isScraped(config),
      createExporter: (name) => createMetricExporter(name, otlp),
      instruments() {
        backlog.clear();
        return instruments;
      },
      scope,
      resource,
      clock,
      dropped,
      outageOf: (name) => outageOf('metrics', name === 'otlp' ? destinationOf(otlp) : name),
      paceOf: (name) => (name === 'otlp' ? otlp.pace : undefined),
      onFault: faults.caught,
      timers: backgroundTimers,
    });
  }

  function logPipeline({ exporters, limits, queue: queueConfig }: LogConfig): LogPipeline | undefined {
    if (exporters.length === 0) return undefined;
    const otlp = otlpParts('logs');
    const queue = new BatchQueue<LogEntry>({
      config: queueConfig,
      createBatch: (maxSize) => new ListBatch(maxSize),
      createExporters: () => createLogExporters(exporters, otlp, resource, limits),
      dropped,
      outage: outageOf('logs', destinationOf(otlp)),
      timers: backgroundTimers,
      pace: otlp.pace,
    });
    return new LogPipeline({ queue, clock, onFault: faults.caught });
  }

  function foreignLogs(): LogSink | undefined {
    const isAsked = config.logs !== undefined && config.logs.exporters.length > 0;
    return isAsked && loggerProvider !== undefined
      ? createForeignLogSink(loggerProvider, faults.caught)
      : undefined;
  }

  function otlpParts(signal: Signal): OtlpParts {
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
  }

  function ignoring(): Telemetry['isIgnored'] {
    const { isIgnored } = config;
    if (traces === undefined && meters === undefined) return isIgnored;
    return isIgnored === undefined ? isOwnTraffic : (req) => isOwnTraffic(req) || isIgnored(req);
  }

  function requestTracing(): RequestTracing {
    if (config.traces === undefined || sampler === undefined) return createPassThrough(extract);
    if (traces === undefined) return createForeignTracing(trace.getTracer(PACKAGE, VERSION));
    const pipeline = traces;
    return createRequestTracing({
      origin: { ...ownSpans, ended: (span) => pipeline.ended(span) },
      ids,
      sampler,
      extract,
      started: pipeline.started,
    });
  }

  function callTracing(): CallTracing {
    if (config.traces === undefined || sampler === undefined) return noCallTracing;
    if (traces === undefined) return createForeignCallTracing(trace.getTracer(PACKAGE, VERSION));
    const pipeline = traces;
    const origin = { ...ownSpans, ended: (span: LiveSpan) => pipeline.ended(span) };
    return createCallTracing({
      origin,
      ids,
      sampler,
      started: pipeline.started,
      ended: pipeline.endedCall,
    });
  }

  function durations(metric: DurationMetric, bounds: readonly number[]): SeriesSet<Recordable> | undefined {
    if (config.metrics === undefined) return undefined;
    const { seriesLimit } = config.metrics;
    if (meters === undefined)
      return foreignDurations(metrics.getMeter(PACKAGE, VERSION), metric, bounds, seriesLimit, onOverflow);
    const series = new SeriesSet(() => new Histogram(bounds), seriesLimit, onOverflow);
    show([{ kind: 'histogram', ...metric, series }]);
    return series;
  }

  function show(more: readonly Instrument[]): void {
    if (meters !== undefined) instruments.push(...more);
    else if (config.metrics !== undefined) showInstruments(metrics.getMeter(PACKAGE, VERSION), more);
  }

  function clientRed(): ClientRed | undefined {
    if (config.metrics === undefined) return undefined;
    const { boundaries, seriesLimit } = config.metrics;
    if (meters === undefined) {
      return createForeignClientRed(metrics.getMeter(PACKAGE, VERSION), boundaries, seriesLimit, onOverflow);
    }
    const durations = new SeriesSet(() => new Histogram(boundaries), seriesLimit, onOverflow);
    show([{ kind: 'histogram', ...CLIENT_DURATION, series: durations }]);
    return createClientRed(durations);
  }

  function serverRed(): ServerRed | undefined {
    if (config.metrics === undefined) return undefined;
    const { boundaries, seriesLimit } = config.metrics;
    if (meters === undefined) {
      const meter = metrics.getMeter(PACKAGE, VERSION);
      showInstruments(meter, [dropped.instrument]);
      return createForeignServerRed(meter, boundaries, seriesLimit, onOverflow);
    }
    const own = createServerRed(boundaries, seriesLimit, onOverflow);
    instruments.push(...own.instruments);
    return own.red;
  }
}

/** Whether there is a place where Prometheus could scrape. */
function isScraped({ metrics, management }: Config): boolean {
  return metrics?.prometheus !== undefined && (metrics.prometheus.isOnServers || management !== undefined);
}

/** Names the collector and not the signal's path, so that signals which share one share its outages. */
function destinationOf({ config: { url } }: OtlpParts): string {
  return url.origin;
}
