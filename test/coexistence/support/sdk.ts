import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Context,
  type ContextManager,
  context,
  metrics,
  propagation,
  ROOT_CONTEXT,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { onTestFinished } from 'vitest';

/** The context manager that an application brings along, as small as it can be. */
export class UserContextManager implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    active: Context,
    fn: F,
    self?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#storage.run(active, () => fn.apply(self, args));
  }

  bind<T>(active: Context, target: T): T {
    if (typeof target !== 'function') return target;
    return ((...args: unknown[]) => this.#storage.run(active, () => target(...args))) as T;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
  }
}

export interface UserSdk {
  spans(): ReadableSpan[];
  /** The data points of a metric, after a flush. */
  points(name: string): Promise<{ attributes: Record<string, unknown>; value: unknown }[]>;
}

export type Part = 'trace' | 'metrics' | 'context' | 'propagation';

/** Registers an SDK of the application's own, or parts of one; the test's end takes it out again. */
export function registerUserSdk(parts: readonly Part[], sampler?: Sampler): UserSdk {
  const resource = resourceFromAttributes({ 'service.name': 'theirs' });
  const spans = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({
    resource,
    spanProcessors: [new SimpleSpanProcessor(spans)],
    ...(sampler === undefined ? {} : { sampler }),
  });
  const exporter = new InMemoryMetricExporter(1);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meterProvider = new MeterProvider({ resource, readers: [reader] });
  if (parts.includes('context')) context.setGlobalContextManager(new UserContextManager());
  if (parts.includes('propagation')) propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  if (parts.includes('trace')) trace.setGlobalTracerProvider(tracerProvider);
  if (parts.includes('metrics')) metrics.setGlobalMeterProvider(meterProvider);
  onTestFinished(async () => {
    for (const api of [trace, metrics, context, propagation]) api.disable();
    await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
  });
  return {
    spans: () => spans.getFinishedSpans(),
    async points(name) {
      await reader.forceFlush();
      const latest = exporter.getMetrics().at(-1);
      return (latest?.scopeMetrics ?? [])
        .flatMap((scope) => scope.metrics)
        .filter(({ descriptor }) => descriptor.name === name)
        .flatMap(({ dataPoints }) => dataPoints as { attributes: Record<string, unknown>; value: unknown }[]);
    },
  };
}
