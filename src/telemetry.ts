import { createNoopMeter, type Meter, metrics, type Tracer, trace } from '@opentelemetry/api';
import type { Propagation } from './context/propagators.js';
import { contextManager, useForeignContextManager } from './context/storage.js';
import type { Clock } from './core/clock.js';
import type { Faults } from './core/faults.js';
import type { IdGenerator } from './core/ids.js';
import type { Log } from './core/log.js';
import { isTaken, registerDiagnostics, registerGlobals } from './export/api-globals.js';
import { MetricPipeline } from './export/metric-pipeline.js';
import { createOutage } from './export/outage.js';
import { createLazyResource } from './export/resource.js';
import { createSpanExporters } from './export/span-exporters.js';
import { SpanQueue } from './export/span-queue.js';
import { TracePipeline } from './export/trace-pipeline.js';
import { createDropped } from './metrics/dropped.js';
import { createForeignServerRed } from './metrics/foreign-red.js';
import type { Instrument } from './metrics/instrument.js';
import { createServerRed, type ServerRed } from './metrics/server-red.js';
import type { Config } from './options.js';
import { createForeignTracing } from './server/foreign-tracing.js';
import {
  createPassThrough,
  createRequestTracing,
  extractW3C,
  extractWith,
  type RequestTracing,
} from './server/request-tracing.js';
import { createSampler } from './trace/sampler.js';
import { PACKAGE, VERSION } from './version.js';

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
  readonly tracing: RequestTracing;
  readonly red: ServerRed | undefined;
  readonly tracer: Tracer;
  readonly meter: Meter;
  flush(): Promise<void>;
  shutdown(): Promise<void>;
}

const scope = { name: PACKAGE, version: VERSION };

/** Builds everything between the seams and the exporters; an SDK that the application has registered takes the place of ours. */
export function createTelemetry(parts: TelemetryParts): Telemetry {
  const { config, clock, ids, faults, log, propagation } = parts;
  const extract = propagation.isW3C ? extractW3C : extractWith(propagation.propagator);
  const resource = createLazyResource(config.service.attributes);
  const dropped = createDropped();
  const instruments: Instrument[] = [dropped.instrument];
  const onOverflow = () => dropped.add('series_limit');
  if (config.isDiagnosed) registerDiagnostics(config.logLevel, parts.write);

  const isTraceForeign = isTaken('trace');
  const isMetricForeign = isTaken('metrics');
  useForeignContextManager(isTaken('context'));

  const sampler =
    config.traces === undefined ? undefined : createSampler(config.traces.sampler, config.traces.sampleRatio);
  let traces: TracePipeline | undefined;
  if (config.traces !== undefined && sampler !== undefined && !isTraceForeign) {
    const { exporters, queue, processors } = config.traces;
    traces = new TracePipeline({
      queue: new SpanQueue({
        config: queue,
        createExporters: () => createSpanExporters(exporters, config.protocols.traces),
        dropped,
        outage: createOutage('spans', destinationOf('traces', exporters), log, clock),
      }),
      processors,
      sampler,
      ids,
      resource,
      onFault: faults.caught,
    });
  }

  const meters =
    config.metrics === undefined || isMetricForeign
      ? undefined
      : new MetricPipeline({
          config: config.metrics,
          protocol: config.protocols.metrics,
          instruments: () => instruments,
          scope,
          resource,
          clock,
          outage: createOutage('metrics', destinationOf('metrics', config.metrics.exporters), log, clock),
        });

  const release = registerGlobals({
    tracerProvider: traces,
    meterProvider: meters,
    contextManager,
    propagator: propagation.propagator,
  });

  return {
    tracing: requestTracing(),
    red: serverRed(),
    get tracer() {
      return traces === undefined ? trace.getTracer(PACKAGE, VERSION) : traces.getTracer(PACKAGE, VERSION);
    },
    get meter() {
      if (meters !== undefined) return meters.getMeter(PACKAGE, VERSION);
      return config.metrics === undefined ? createNoopMeter() : metrics.getMeter(PACKAGE, VERSION);
    },
    async flush() {
      await Promise.all([traces?.flush(), meters?.flush()]);
    },
    async shutdown() {
      release();
      await Promise.all([traces?.shutdown(), meters?.shutdown()]);
    },
  };

  function requestTracing(): RequestTracing {
    if (config.traces === undefined || sampler === undefined) return createPassThrough(extract);
    if (traces === undefined) return createForeignTracing(trace.getTracer(PACKAGE, VERSION));
    const pipeline = traces;
    return createRequestTracing({
      origin: { clock, scope, resource, ended: (span) => pipeline.ended(span) },
      ids,
      sampler,
      extract,
      started: pipeline.started,
    });
  }

  function serverRed(): ServerRed | undefined {
    if (config.metrics === undefined) return undefined;
    const { boundaries, seriesLimit } = config.metrics;
    if (meters === undefined) {
      return createForeignServerRed(metrics.getMeter(PACKAGE, VERSION), boundaries, seriesLimit, onOverflow);
    }
    const own = createServerRed(boundaries, seriesLimit, onOverflow);
    instruments.push(...own.instruments);
    return own.red;
  }

  function destinationOf(signal: 'traces' | 'metrics', exporters: readonly string[]): string {
    return exporters.includes('otlp') ? config.endpoints[signal] : exporters.join(', ');
  }
}
