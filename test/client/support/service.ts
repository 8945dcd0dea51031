import { type AttributeValue, type Span, trace } from '@opentelemetry/api';
import { type DataPoint, type Histogram, MetricReader } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { onTestFinished } from 'vitest';
import { instrument, type Options, type Signals } from '../../../src/index.js';
import { eventually } from '../../support/eventually.js';

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
export interface TestService {
  readonly signals: Signals;
  /** Spans begun and not ended. */
  readonly open: number;
  /** Ended CLIENT spans, oldest first. */
  calls(): ReadableSpan[];
  /** The one CLIENT span. */
  call(): ReadableSpan;
  points(metric: string): Promise<Point[]>;
  /** Runs within a span of a caller, and gives that span. */
  asCaller(work: (caller: Span) => Promise<unknown>): Promise<ReadableSpan>;
  /** Waits until every call has ended, its body and all. */
  settled(): Promise<void>;
}

/** Calls instrument() without an exporter; the test's end shuts it down. */
export function startService(options: Options = {}): TestService {
  process.env.OTEL_TRACES_EXPORTER = 'none';
  process.env.OTEL_METRICS_EXPORTER = 'none';
  process.env.OTEL_LOG_LEVEL ??= 'none';
  const ended: ReadableSpan[] = [];
  let started = 0;
  const processor: SpanProcessor = {
    onStart() {
      started += 1;
    },
    onEnd: (span) => void ended.push(span),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const reader = new Reader();
  const { breaker = {} } = options;
  const signals = instrument(undefined, {
    service: 'client-test',
    ...options,
    traces: { processors: [processor] },
    metrics: { readers: [reader] },
    // With a limit, also one that is never reached, a breaker knows how many calls are under way.
    breaker: breaker === false ? false : { maxConcurrent: 100_000, ...breaker },
  });
  onTestFinished(() => signals.shutdown());
  const calls = () => ended.filter(({ kind }) => kind === 2);

  return {
    signals,
    get open() {
      return started - ended.length;
    },
    calls,
    call() {
      const found = calls();
      if (found.length !== 1)
        throw new Error(`${found.length} CLIENT spans: ${found.map(({ name }) => name)}`);
      return found[0] as ReadableSpan;
    },
    async points(name) {
      const { resourceMetrics } = await reader.collect();
      const metric = resourceMetrics.scopeMetrics
        .flatMap((scope) => scope.metrics)
        .find(({ descriptor }) => descriptor.name === name);
      const points = (metric?.dataPoints ?? []) as DataPoint<number | Histogram>[];
      return points.map(({ attributes, value }) => ({
        attributes,
        value: typeof value === 'number' ? value : value.count,
      }));
    },
    async asCaller(work) {
      let id: string | undefined;
      await signals.tracer.startActiveSpan('caller', async (span) => {
        id = span.spanContext().spanId;
        try {
          await work(span);
        } finally {
          span.end();
        }
      });
      return ended.find((span) => span.spanContext().spanId === id) as ReadableSpan;
    },
    async settled() {
      await eventually('the end of all calls', () => {
        const inFlight = signals.breakers.all().reduce((sum, breaker) => sum + breaker.inFlight, 0);
        return inFlight === 0 && started === ended.length;
      });
    },
  };
}

export function activeSpanId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().spanId;
}
