import type { Environment } from './environment.js';
import { firstDelayMs } from './first-delay.js';
import { maxTimerMs } from './timers.js';

/** How spans or log records wait for their export. */
export interface QueueConfig {
  readonly maxQueueSize: number;
  readonly maxExportBatchSize: number;
  readonly scheduleDelayMs: number;
  /** The same before the first export. */
  readonly firstDelayMs: number;
  readonly exportTimeoutMs: number;
}

/** Reads OpenTelemetry's variables of a batch processor: those that begin with OTEL_BSP for spans, with OTEL_BLRP for log records. */
export function resolveQueue(
  prefix: 'OTEL_BSP' | 'OTEL_BLRP',
  defaultDelayMs: number,
  env: Environment,
): QueueConfig {
  const scheduleDelayMs = Math.min(env.integer(`${prefix}_SCHEDULE_DELAY`, defaultDelayMs, 0), maxTimerMs);
  const maxQueueSize = env.integer(`${prefix}_MAX_QUEUE_SIZE`, 2_048);
  return Object.freeze({
    maxQueueSize,
    maxExportBatchSize: Math.min(env.integer(`${prefix}_MAX_EXPORT_BATCH_SIZE`, 512), maxQueueSize),
    scheduleDelayMs,
    firstDelayMs: firstDelayMs(scheduleDelayMs, env.text(`${prefix}_SCHEDULE_DELAY`) !== undefined),
    exportTimeoutMs: Math.min(env.integer(`${prefix}_EXPORT_TIMEOUT`, 30_000), maxTimerMs),
  });
}
