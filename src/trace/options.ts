import type { IncomingMessage } from 'node:http';
import { record, reject, within } from '../core/check.js';
import type { Environment } from '../core/environment.js';
import { type QueueConfig, resolveQueue } from '../core/queue-config.js';
import { type KeepConfig, type KeepOptions, resolveKeep } from './keep-options.js';
import { SAMPLER_NAMES, type SamplerName } from './sampler.js';
import { resolveSpanLimits, type SpanLimits } from './span-limits.js';
import type { SpanProcessor } from './span-processor.js';

export type Edge = 'continue' | 'restart';

export interface TraceOptions {
  /**
   * Share of traces begun here that are recorded, from 0 to 1; a caller's own decision is followed.
   * @default 1, or what OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG say
   */
  readonly sampleRatio?: number;
  /**
   * With a ratio below 1: which requests are exported although their trace is not among that share, with all the spans that they have
   * in this process. It is decided when the request ends, in at most 8 MiB for all of them together; services that are asked once it is
   * known keep their parts, too. So every span records until its request ends, and `isRecording()` is true. `false` for none.
   * @default { errors: true, slowerThanMs: 1000 }
   */
  readonly keep?: KeepOptions | false;
  /**
   * What to do with a caller's trace context. `'restart'` is for a trust boundary: a new trace is begun, linked to the caller's, and
   * its tracestate, baggage and sampling decision are left behind. A function decides for each request.
   * @default 'continue'
   */
  readonly edge?: Edge | ((req: IncomingMessage) => Edge);
  /**
   * Span processors of your own, of SDK 2 or 3: they get every recorded span, beside the exporters. With {@link keep} that is also a span
   * which is not exported: its context is not sampled, as those of the SDK ask before they export.
   * @default []
   */
  readonly processors?: readonly SpanProcessor[];
}

export interface TraceConfig {
  readonly sampler: SamplerName;
  readonly sampleRatio: number;
  /** Undefined where every trace is recorded, or nothing is kept of the others. */
  readonly keep: KeepConfig | undefined;
  readonly edge: Edge | ((req: IncomingMessage) => Edge);
  readonly processors: readonly SpanProcessor[];
  readonly exporters: readonly string[];
  /** OTEL_SPAN_*, OTEL_EVENT_*, OTEL_LINK_* and OTEL_ATTRIBUTE_*; undefined where none is set. */
  readonly limits: SpanLimits | undefined;
  /** OTEL_BSP_*. */
  readonly queue: QueueConfig;
}

export function resolveTraces(given: TraceOptions, env: Environment): TraceConfig {
  record('traces', given, ['sampleRatio', 'keep', 'edge', 'processors']);
  const { sampleRatio, keep = {}, edge = 'continue', processors = [] } = given;
  if (sampleRatio !== undefined) within('traces.sampleRatio', sampleRatio, 0, 1);
  if (!isEdge(edge)) reject('traces.edge', "'continue', 'restart' or a function", edge);
  if (!Array.isArray(processors)) reject('traces.processors', 'an array of span processors', processors);
  for (const [index, processor] of processors.entries()) {
    const isProcessor = typeof processor?.onStart === 'function' && typeof processor.onEnd === 'function';
    if (!isProcessor)
      reject(
        `traces.processors[${index}]`,
        'a span processor (onStart, onEnd, forceFlush, shutdown)',
        processor,
      );
  }
  const exporters = env.list('OTEL_TRACES_EXPORTER', ['otlp', 'console', 'none'], ['otlp']);
  const sampler =
    sampleRatio === undefined
      ? env.oneOf('OTEL_TRACES_SAMPLER', SAMPLER_NAMES, 'parentbased_always_on')
      : 'parentbased_traceidratio';
  const ratio = sampleRatio ?? env.number('OTEL_TRACES_SAMPLER_ARG', 1, 0, 1);
  const kept = resolveKeep(keep);
  return Object.freeze({
    sampler,
    sampleRatio: ratio,
    keep: sampler.endsWith('traceidratio') && ratio < 1 ? kept : undefined,
    edge,
    processors: Object.freeze([...processors]),
    // A list of nothing but unknown names is no way to turn exporting off: 'none' is.
    exporters: exporters.length === 0 ? ['otlp'] : exporters,
    limits: resolveSpanLimits(env),
    queue: resolveQueue('OTEL_BSP', 5_000, env),
  });
}

function isEdge(edge: unknown): boolean {
  return edge === 'continue' || edge === 'restart' || typeof edge === 'function';
}
