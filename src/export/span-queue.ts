import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import { runSuppressed } from '../context/suppressed.js';
import type { Dropped } from '../metrics/dropped.js';
import type { QueueConfig } from '../trace/options.js';
import { reasonOf } from './failure.js';
import type { Outage } from './outage.js';

export interface SpanQueueParts {
  readonly config: QueueConfig;
  /** Called at the first export. */
  readonly createExporters: () => Promise<readonly SpanExporter[]>;
  readonly dropped: Dropped;
  readonly outage: Outage;
}

/**
 * Spans on their way to the exporters, as OpenTelemetry's batch processor has it: exported `scheduleDelayMs` after the first or when a
 * batch is full, one export at a time. Past `maxQueueSize` new spans are dropped and counted; a collector that hangs costs the
 * application nothing but that memory.
 */
export class SpanQueue {
  readonly #parts: SpanQueueParts;
  #waiting: ReadableSpan[] = [];
  #timer: NodeJS.Timeout | undefined;
  #exporters: Promise<readonly SpanExporter[]> | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(parts: SpanQueueParts) {
    this.#parts = parts;
  }

  add(span: ReadableSpan): void {
    const { config, dropped } = this.#parts;
    if (this.#isClosed || this.#waiting.length >= config.maxQueueSize) {
      dropped.add(this.#isClosed ? 'shutdown' : 'queue_full');
      return;
    }
    this.#waiting.push(span);
    if (this.#waiting.length >= config.maxExportBatchSize) this.#start();
    else this.#schedule();
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** Exports everything that is waiting now; settles when it has been tried, and never rejects. */
  async flush(): Promise<void> {
    while (this.#waiting.length > 0 || this.#running !== undefined) {
      const before = this.#waiting.length;
      await this.#start();
      // A collector that takes nothing would keep this going until every batch has timed out.
      if (this.#waiting.length >= before && before > 0) return;
    }
  }

  async shutdown(): Promise<void> {
    await this.flush();
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#parts.dropped.add('shutdown', this.#waiting.length);
    this.#waiting = [];
    for (const exporter of (await this.#exporters) ?? []) await exporter.shutdown().catch(() => {});
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#running !== undefined) return;
    this.#timer = setTimeout(() => this.#start(), this.#parts.config.scheduleDelayMs);
    this.#timer.unref();
  }

  #start(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running ??= this.#exportBatch().finally(() => {
      this.#running = undefined;
      if (this.#waiting.length >= this.#parts.config.maxExportBatchSize) this.#start();
      else if (this.#waiting.length > 0) this.#schedule();
    });
    return this.#running;
  }

  async #exportBatch(): Promise<void> {
    const { config, dropped, outage, createExporters } = this.#parts;
    const batch = this.#waiting.splice(0, config.maxExportBatchSize);
    if (batch.length === 0) return;
    try {
      this.#exporters ??= createExporters();
      const exporters = await this.#exporters;
      const failures = await Promise.all(
        exporters.map((exporter) => exportOnce(exporter, batch, config.exportTimeoutMs)),
      );
      const reason = failures.find((failure) => failure !== undefined);
      if (reason === undefined) outage.succeeded();
      else {
        dropped.add('export_failed', batch.length);
        outage.failed(reason);
      }
    } catch (error) {
      dropped.add('export_failed', batch.length);
      outage.failed(reasonOf(error));
    }
  }
}

/** Why the export failed, undefined when it did not. */
function exportOnce(
  exporter: SpanExporter,
  batch: ReadableSpan[],
  timeoutMs: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(`no answer within ${timeoutMs} ms`), timeoutMs);
    timer.unref();
    const settle = (reason: string | undefined) => {
      clearTimeout(timer);
      resolve(reason);
    };
    try {
      runSuppressed(() => {
        exporter.export(batch, (result) => settle(result.code === 0 ? undefined : reasonOf(result.error)));
      });
    } catch (error) {
      settle(reasonOf(error));
    }
  });
}
