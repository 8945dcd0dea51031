import type { LoggerProvider } from '@opentelemetry/api';
import type { LogEntry } from '../../context/log-entry.js';
import { backgroundTimers } from '../../core/timers.js';
import { ListBatch } from '../../export/batch.js';
import { BatchQueue } from '../../export/batch-queue.js';
import { createForeignLogSink } from '../../export/foreign-logs.js';
import { createLogExporters } from '../../export/log-exporters.js';
import { registerLogs } from '../../export/log-globals.js';
import { LogPipeline } from '../../export/log-pipeline.js';
import type { LogConfig } from '../../logs/options.js';
import { destinationOf, type Exports } from './exports.js';
import { type LogTelemetry, noExports } from './signal-telemetry.js';

/** Chooses once who takes the log records of a service; `foreign` is the provider that the application has registered. */
export function createLogs(exports: Exports, foreign: LoggerProvider | undefined): LogTelemetry {
  const { logs } = exports.config;
  const isForeign = foreign !== undefined;
  if (logs === undefined || logs.exporters.length === 0)
    return { ...noExports, isForeign, isOwn: false, isImmediate: false, emit: undefined };
  return isForeign ? createForeignLogs(foreign, exports) : createOwnLogs(logs, exports);
}

function createOwnLogs({ exporters, limits, queue: config }: LogConfig, exports: Exports): LogTelemetry {
  const { clock, faults, dropped, resource } = exports;
  const otlp = exports.otlpOf('logs');
  const queue = new BatchQueue<LogEntry>({
    config,
    createBatch: (maxSize) => new ListBatch(maxSize),
    createExporters: () => createLogExporters(exporters, otlp, resource, limits),
    dropped,
    outage: exports.outageOf('logs', destinationOf(otlp)),
    timers: backgroundTimers,
    pace: otlp.pace,
  });
  const pipeline = new LogPipeline({ queue, clock, onFault: faults.caught });
  const release = registerLogs(pipeline);
  return {
    isForeign: false,
    isOwn: true,
    isImmediate: false,
    emit: pipeline.emit,
    flush: () => pipeline.flush(),
    shutdown(boundMs) {
      release();
      return pipeline.shutdown(boundMs);
    },
  };
}

/** Log records through the provider that the application has registered. */
function createForeignLogs(provider: LoggerProvider, { faults }: Exports): LogTelemetry {
  return {
    ...noExports,
    isForeign: true,
    isOwn: false,
    isImmediate: false,
    emit: createForeignLogSink(provider, faults.caught),
  };
}
