import { type AttributeValue, type Span, trace } from '@opentelemetry/api';
import { type DataPoint, type Histogram, MetricReader } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { onTestFinished } from 'vitest';
import { instrument, type Options, type Signals } from '../../../src/index.js';

class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

export interface Point {
  readonly attributes: Readonly<Record<string, AttributeValue | undefined>>;
  /** The count of a histogram, else the value. */
  readonly value: number;
}

/** A service without servers, and what it has recorded. */
export interface DatabaseService {
  readonly signals: Signals;
  /** Ended spans, oldest first. */
  readonly spans: readonly ReadableSpan[];
  /** Ended spans of this name. */
  named(name: string): ReadableSpan[];
  points(metric: string): Promise<Point[]>;
  /** The value of the one point with that state, or the only one. */
  value(metric: string, state?: string): Promise<number | undefined>;
  /** Runs within a span of a caller; gives that span's id and what came of it. */
  asCaller<T>(work: (caller: Span) => Promise<T>): Promise<{ id: string; result: T }>;
}

/** Calls instrument() without an exporter; the test's end shuts it down. */
export function startDatabaseService(options: Options = {}): DatabaseService {
  process.env.OTEL_TRACES_EXPORTER = 'none';
  process.env.OTEL_METRICS_EXPORTER = 'none';
  process.env.OTEL_LOG_LEVEL ??= 'none';
  const spans: ReadableSpan[] = [];
  const processor = {
    onStart() {},
    onEnd: (span: ReadableSpan) => void spans.push(span),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const reader = new Reader();
  const signals = instrument(undefined, {
    service: 'database-test',
    heartbeat: false,
    traces: { processors: [processor] },
    metrics: { readers: [reader] },
    ...options,
  });
  onTestFinished(() => signals.shutdown());

  async function points(name: string): Promise<Point[]> {
    const { resourceMetrics } = await reader.collect();
    const metric = resourceMetrics.scopeMetrics
      .flatMap((scope) => scope.metrics)
      .find(({ descriptor }) => descriptor.name === name);
    const found = (metric?.dataPoints ?? []) as DataPoint<number | Histogram>[];
    return found.map(({ attributes, value }) => ({
      attributes,
      value: typeof value === 'number' ? value : value.count,
    }));
  }

  return {
    signals,
    spans,
    named: (name) => spans.filter((span) => span.name === name),
    points,
    async value(metric, state) {
      const found = await points(metric);
      return found.find(
        ({ attributes }) => state === undefined || attributes['db.client.connection.state'] === state,
      )?.value;
    },
    asCaller: (work) =>
      signals.tracer.startActiveSpan('caller', async (span) => {
        try {
          return { id: span.spanContext().spanId, result: await work(span) };
        } finally {
          span.end();
        }
      }),
  };
}

export const activeSpanId = (): string | undefined => trace.getActiveSpan()?.spanContext().spanId;
