import { type Logger, type LoggerProvider, type LogRecord, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { LogEntry, LogSink } from '../context/log-entry.js';

/** Hands records to the provider of logs that the application has registered itself. */
export function createForeignLogSink(
  provider: LoggerProvider,
  onFault: (place: string, error: unknown) => void,
): LogSink {
  const loggers = new WeakMap<object, Logger>();
  const loggerOf = ({ scope }: LogEntry) => {
    let logger = loggers.get(scope);
    if (logger === undefined) {
      logger = provider.getLogger(scope.name, scope.version);
      loggers.set(scope, logger);
    }
    return logger;
  };
  return (entry) => {
    try {
      loggerOf(entry).emit(recordOf(entry));
    } catch (error) {
      onFault('logs.provider', error);
    }
  };
}

function recordOf(entry: LogEntry): LogRecord {
  const { observedMs, severityNumber, severityText, eventName, spanContext } = entry;
  const { timeMs, body, attributes } = entry.content();
  const record: LogRecord = {
    timestamp: new Date(timeMs ?? observedMs),
    observedTimestamp: new Date(observedMs),
    attributes: attributes.attributes,
    context: spanContext === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, spanContext),
  };
  if (severityNumber !== undefined) record.severityNumber = severityNumber;
  if (severityText !== undefined) record.severityText = severityText;
  if (eventName !== undefined) record.eventName = eventName;
  if (body !== undefined) record.body = body;
  return record;
}
