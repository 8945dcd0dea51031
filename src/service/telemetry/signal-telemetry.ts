import type { Meter, MeterProvider, Tracer, TracerProvider } from '@opentelemetry/api';
import type { CollectionResult } from '@opentelemetry/sdk-metrics';
import type { LogSink } from '../../context/log-entry.js';
import type { ClientRed } from '../../metrics/client-red.js';
import type { Instrument, Recordable } from '../../metrics/instrument.js';
import type { SeriesSet } from '../../metrics/series.js';
import type { ServerRed } from '../../metrics/server-red.js';
import type { RequestTracing } from '../../server/request-tracing.js';
import type { CallTracing } from '../../trace/call-tracing.js';

/** One signal of a service: recorded and exported by this library, handed to an SDK that the application has registered, or off. */
interface SignalTelemetry {
  /** True where the application has registered an SDK for the signal, whether or not the service has it on. */
  readonly isForeign: boolean;
  /** True where this library records the signal itself. */
  readonly isOwn: boolean;
  /** True where what is recorded is taken at once, and cannot wait to be recorded in batches. */
  readonly isImmediate: boolean;
  /** Exports what waits. */
  flush(): Promise<void>;
  /** Exports for the last time, for at most `boundMs`. */
  shutdown(boundMs: number): Promise<void>;
}

export interface TraceTelemetry extends SignalTelemetry {
  readonly requests: RequestTracing;
  readonly calls: CallTracing;
  tracer(): Tracer;
  /** To be registered with the API. */
  readonly provider: TracerProvider | undefined;
}

export interface MetricTelemetry extends SignalTelemetry {
  readonly server: ServerRed | undefined;
  readonly client: ClientRed | undefined;
  meter(): Meter;
  /** To be registered with the API. */
  readonly provider: MeterProvider | undefined;
  /** Everything that is measured, for a scrape. */
  readonly collect: (() => Promise<CollectionResult>) | undefined;
  /** Exports instruments that others keep, too. */
  show(instruments: readonly Instrument[]): void;
  /** The series of one more histogram of durations. */
  durations(metric: DurationMetric, bounds: readonly number[]): SeriesSet<Recordable> | undefined;
}

export interface LogTelemetry extends SignalTelemetry {
  /** Takes log records. */
  readonly emit: LogSink | undefined;
}

/** What a histogram of durations is called. */
export type DurationMetric = Readonly<Record<'name' | 'description' | 'unit', string>>;

/** The exports of a signal that this library does not export. */
export const noExports = { flush: async () => {}, shutdown: async () => {} };
