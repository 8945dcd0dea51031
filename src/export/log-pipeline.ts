import {
  type Context,
  isSpanContextValid,
  type Logger,
  type LoggerProvider,
  type LogRecord,
  type SpanContext,
  type TimeInput,
  trace,
} from '@opentelemetry/api';
import type { LogContent, LogEntry, LogScope } from '../context/log-entry.js';
import { activeContext } from '../context/storage.js';
import { isSuppressed } from '../context/suppressed.js';
import type { Clock } from '../core/clock.js';
import { isError } from '../core/is-error.js';
import {
  type BoundedAttributes,
  boundedAttributes,
  boundedText,
  boundedValue,
  type LogAttributes,
} from '../core/log-value.js';
import { toEpochMs } from '../core/time.js';
import { atMost, holdingTimers } from '../core/timers.js';
import type { BatchQueue } from './batch-queue.js';

export interface LogPipelineParts {
  readonly queue: BatchQueue<LogEntry>;
  readonly clock: Clock;
  readonly onFault: (place: string, error: unknown) => void;
}

const maxLoggers = 1_000;

/** Takes log records out: those of our own sources and those that others make with the OpenTelemetry logs API share one queue. */
export class LogPipeline implements LoggerProvider {
  readonly #parts: LogPipelineParts;
  /** By name and by version: a scope must stay one object, by which its records are grouped. */
  readonly #loggers = new Map<string, Map<string | undefined, Logger>>();
  #count = 0;

  constructor(parts: LogPipelineParts) {
    this.#parts = parts;
  }

  readonly emit = (entry: LogEntry): void => this.#parts.queue.add(entry);

  getLogger(name: string, version?: string): Logger {
    let versions = this.#loggers.get(name);
    let logger = versions?.get(version);
    if (logger !== undefined) return logger;
    logger = this.#create(version === undefined ? { name } : { name, version });
    if (this.#count >= maxLoggers) return logger;
    this.#count += 1;
    versions ??= new Map();
    this.#loggers.set(name, versions.set(version, logger));
    return logger;
  }

  #create(scope: LogScope): Logger {
    const { clock, onFault } = this.#parts;
    return {
      emit: (record) => {
        try {
          const context = record.context ?? activeContext();
          if (!isSuppressed(context)) this.emit(new ApiEntry(scope, record, context, clock));
        } catch (error) {
          onFault('logs.emit', error);
        }
      },
      enabled: () => true,
    };
  }

  /** Never rejects. */
  flush(): Promise<void> {
    return this.#parts.queue.flush();
  }

  /** The second time for what was logged during the first: the last lines of a service are about its end. */
  async #flushTwice(): Promise<void> {
    const { queue } = this.#parts;
    await queue.flush();
    if (queue.length > 0) await queue.flush();
  }

  /** Exports what is waiting, for at most `boundMs`; then drops and counts the rest. Never rejects. */
  async shutdown(boundMs: number): Promise<void> {
    await atMost(holdingTimers, boundMs, this.#flushTwice());
    await this.#parts.queue.close();
  }
}

/** A record of the logs API: read at once, for its maker may go on to change what it holds. */
class ApiEntry implements LogEntry {
  readonly scope: LogScope;
  readonly observedMs: number;
  readonly severityNumber: number | undefined;
  readonly severityText: string | undefined;
  readonly eventName: string | undefined;
  readonly spanContext: SpanContext | undefined;
  readonly #content: LogContent;

  constructor(scope: LogScope, record: LogRecord, context: Context, clock: Clock) {
    const { timestamp, observedTimestamp, severityText, eventName, attributes = {}, exception } = record;
    const epochMs = (time: TimeInput) => toEpochMs(time, (at) => clock.epochMs(at));
    const spanContext = trace.getSpanContext(context);
    this.scope = scope;
    this.observedMs = observedTimestamp === undefined ? clock.epochMs() : epochMs(observedTimestamp);
    this.severityNumber = severityOf(record.severityNumber);
    this.severityText = textOf(severityText);
    this.eventName = textOf(eventName);
    this.spanContext = spanContext !== undefined && isSpanContextValid(spanContext) ? spanContext : undefined;
    this.#content = {
      timeMs: timestamp === undefined ? undefined : epochMs(timestamp),
      body: boundedValue(record.body),
      attributes: withException(
        boundedAttributes(attributes, () => false),
        exception,
      ),
    };
  }

  content(): LogContent {
    return this.#content;
  }
}

// An invalid severity would fail only in the export, and with it all records of the batch.
function severityOf(given: unknown): number | undefined {
  return Number.isInteger(given) && (given as number) >= 0 && (given as number) <= 24
    ? (given as number)
    : undefined;
}

function textOf(given: unknown): string | undefined {
  return typeof given === 'string' ? boundedText(given, 256) : undefined;
}

/** Adds the attributes of an exception; those that the caller set itself take precedence. */
function withException(given: BoundedAttributes, exception: unknown): BoundedAttributes {
  if (exception === undefined || exception === null) return given;
  const { type, message, stack } = exceptionParts(exception);
  const own: LogAttributes = { 'exception.message': boundedText(message) };
  if (type !== undefined) own['exception.type'] = boundedText(type, 256);
  if (stack !== undefined) own['exception.stacktrace'] = boundedText(stack);
  return { attributes: Object.assign(own, given.attributes), dropped: given.dropped };
}

function exceptionParts(exception: unknown): { type?: string; message: string; stack?: string } {
  if (!isError(exception)) return { message: String(exception) };
  const { name, message, stack } = exception;
  return { type: String(name), message: String(message), ...(typeof stack === 'string' ? { stack } : {}) };
}
