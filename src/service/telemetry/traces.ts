import { trace } from '@opentelemetry/api';
import { backgroundTimers } from '../../core/timers.js';
import { createSpanQueue } from '../../export/span-exporters.js';
import { TracePipeline } from '../../export/trace-pipeline.js';
import { createForeignTracing } from '../../server/foreign-tracing.js';
import { createPassThrough, createRequestTracing, type Extract } from '../../server/request-tracing.js';
import { createCallTracing, createForeignCallTracing, noCallTracing } from '../../trace/call-tracing.js';
import type { LiveSpan } from '../../trace/live-span.js';
import type { TraceConfig } from '../../trace/options.js';
import { createSampler } from '../../trace/sampler.js';
import { PACKAGE, VERSION } from '../../version.js';
import { destinationOf, type Exports } from './exports.js';
import { noExports, type TraceTelemetry } from './signal-telemetry.js';

/** Chooses once who makes the spans of a service. `extract` reads what a caller has sent. */
export function createTraces(exports: Exports, extract: Extract, isForeign: boolean): TraceTelemetry {
  const { traces } = exports.config;
  if (traces === undefined) return noTraces(extract, isForeign);
  return isForeign ? createForeignTraces() : createOwnTraces(traces, exports, extract);
}

function createOwnTraces(config: TraceConfig, exports: Exports, extract: Extract): TraceTelemetry {
  const { clock, ids, faults, dropped, backlog, resource } = exports;
  const { limits } = config;
  const spans = { clock, scope: { name: PACKAGE, version: VERSION }, resource, limits };
  const otlp = exports.otlpOf('traces');
  const sampler = createSampler(config.sampler, config.sampleRatio);
  const pipeline = new TracePipeline({
    queue: createSpanQueue(config.exporters, otlp, spans, {
      config: config.queue,
      dropped,
      outage: exports.outageOf('spans', destinationOf(otlp)),
      timers: backgroundTimers,
      pace: otlp.pace,
      gather: () => backlog.clear(),
    }),
    processors: config.processors,
    limits,
    sampler,
    keep: config.keep,
    clock,
    dropped,
    ids,
    resource,
    onFault: faults.caught,
  });
  const origin = { ...spans, ended: (span: LiveSpan) => pipeline.ended(span) };
  const { started, keeper } = pipeline;
  return {
    isForeign: false,
    isOwn: true,
    isImmediate: started !== undefined,
    requests: createRequestTracing({ origin, ids, sampler, keeper, extract, started }),
    calls: createCallTracing({ origin, ids, sampler, keeper, started, ended: pipeline.endedCall }),
    tracer: () => pipeline.getTracer(PACKAGE, VERSION),
    provider: pipeline,
    flush: () => pipeline.flush(),
    shutdown: (boundMs) => pipeline.shutdown(boundMs),
  };
}

/** Spans through the SDK that the application has registered. */
function createForeignTraces(): TraceTelemetry {
  const tracer = trace.getTracer(PACKAGE, VERSION);
  return {
    ...ofTheApi,
    isForeign: true,
    isImmediate: true,
    requests: createForeignTracing(tracer),
    calls: createForeignCallTracing(tracer),
  };
}

/** What a caller has sent is passed on. */
function noTraces(extract: Extract, isForeign: boolean): TraceTelemetry {
  return {
    ...ofTheApi,
    isForeign,
    isImmediate: false,
    requests: createPassThrough(extract),
    calls: noCallTracing,
  };
}

/** What the API gives: the tracer of the registered provider, or one that does nothing. */
const ofTheApi = {
  isOwn: false,
  tracer: () => trace.getTracer(PACKAGE, VERSION),
  provider: undefined,
  ...noExports,
};
