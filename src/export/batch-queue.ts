import { runQuietly } from '../context/suppressed.js';
import type { QueueConfig } from '../core/queue-config.js';
import type { Timers } from '../core/timers.js';
import type { Dropped } from '../metrics/dropped.js';
import { exportOnce } from './export-once.js';
import { reasonOf } from './failure.js';
import type { Exporter } from './otlp-exporter.js';
import type { Outage } from './outage.js';

export interface BatchQueueParts<Item> {
  readonly config: QueueConfig;
  /** Called at the first export. */
  readonly createExporters: () => Promise<readonly Exporter<Item[]>[]>;
  readonly dropped: Dropped;
  readonly outage: Outage;
  readonly timers: Timers;
}

/**
 * Spans or log records on their way to the exporters, as OpenTelemetry's batch processor has it: exported `scheduleDelayMs` after the first or when a
 * batch is full, one export at a time. Past `maxQueueSize` new ones are dropped and counted; a collector that hangs costs the
 * application nothing but that memory and one batch.
 */
export class BatchQueue<Item> {
  readonly #parts: BatchQueueParts<Item>;
  #waiting: Item[] = [];
  #timer: unknown;
  #exporters: Promise<readonly Exporter<Item[]>[]> | undefined;
  /** The export under way; settles with whether it succeeded. */
  #running: Promise<boolean> | undefined;
  #accepted = 0;
  /** How many of those accepted have been exported or given up. */
  #tried = 0;
  #isClosed = false;

  constructor(parts: BatchQueueParts<Item>) {
    this.#parts = parts;
  }

  add(item: Item): void {
    const { config, dropped } = this.#parts;
    if (this.#isClosed || this.#waiting.length >= config.maxQueueSize) {
      dropped.add(this.#isClosed ? 'shutdown' : 'queue_full');
      return;
    }
    this.#accepted += 1;
    this.#waiting.push(item);
    this.#proceed();
  }

  get length(): number {
    return this.#waiting.length;
  }

  /**
   * Exports what is waiting now, batch by batch, and stops at the first that fails: behind a collector that takes nothing every one
   * would wait for its time-out. Never rejects.
   */
  async flush(): Promise<void> {
    const goal = this.#accepted;
    // Begun before this flush: how it ends says nothing of what can be exported now.
    if (this.#running !== undefined) await this.#running;
    while (this.#tried < goal) {
      if (!(await this.#start())) return;
    }
  }

  /** Drops and counts what is still waiting, and gives up the export that is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#parts.timers.clear(this.#timer);
    if (this.#waiting.length > 0) this.#parts.dropped.add('shutdown', this.#waiting.length);
    this.#tried += this.#waiting.length;
    this.#waiting = [];
    const exporters = await this.#exporters?.catch(() => []);
    await Promise.all((exporters ?? []).map((exporter) => exporter.shutdown().catch(() => {})));
    // It has been given up and ends at once; what it says of that belongs before the end of the service.
    await this.#running;
  }

  /** Exports at once where a batch is full, later where something is waiting. */
  #proceed(): void {
    const { config, timers } = this.#parts;
    if (this.#running !== undefined || this.#waiting.length === 0) return;
    if (this.#waiting.length >= config.maxExportBatchSize) void this.#start();
    // A timer set in a request would hold its context, and with it the request, until it runs.
    else this.#timer ??= runQuietly(() => timers.set(() => void this.#start(), config.scheduleDelayMs));
  }

  #start(): Promise<boolean> {
    if (this.#running !== undefined) return this.#running;
    this.#parts.timers.clear(this.#timer);
    this.#timer = undefined;
    const batch = this.#waiting.splice(0, this.#parts.config.maxExportBatchSize);
    if (batch.length === 0) return Promise.resolve(false);
    this.#running = runQuietly(() => this.#export(batch)).then((isDone) => {
      this.#tried += batch.length;
      this.#running = undefined;
      this.#proceed();
      return isDone;
    });
    return this.#running;
  }

  async #export(batch: Item[]): Promise<boolean> {
    const { config, dropped, outage, createExporters, timers } = this.#parts;
    let reason: string | undefined;
    try {
      this.#exporters ??= createExporters();
      const exporters = await this.#exporters;
      const reasons = await Promise.all(
        exporters.map((exporter) => exportOnce(exporter, batch, config.exportTimeoutMs, timers)),
      );
      reason = reasons.find((one) => one !== undefined);
    } catch (error) {
      reason = reasonOf(error);
    }
    if (reason === undefined) {
      outage.succeeded();
      return true;
    }
    dropped.add('export_failed', batch.length);
    outage.failed(reason);
    return false;
  }
}
