import type { SpanContext } from '@opentelemetry/api';
import type { BoundedAttributes, LogValue } from '../core/log-value.js';

/** Who made a record: one object for all of one origin, by which exporters group them. */
export interface LogScope {
  readonly name: string;
  readonly version?: string;
}

/** What a record says. */
export interface LogContent {
  /** Wall-clock milliseconds of the event; undefined where its logger gave none. */
  readonly timeMs: number | undefined;
  readonly body: LogValue | undefined;
  readonly attributes: BoundedAttributes;
}

/**
 * A log record on its way out. What is costly to make of it is asked for once, when it is exported: a request pays for keeping it and
 * nothing more.
 */
export interface LogEntry {
  readonly scope: LogScope;
  /** Wall-clock milliseconds at which it was seen. */
  readonly observedMs: number;
  /** By OpenTelemetry's scale, 1 to 24. */
  readonly severityNumber: number | undefined;
  readonly severityText: string | undefined;
  readonly eventName: string | undefined;
  /** The span that it belongs to. */
  readonly spanContext: SpanContext | undefined;
  /** Must not throw. */
  content(): LogContent;
}

/** Where log records go. Must not throw. */
export type LogSink = (entry: LogEntry) => void;
