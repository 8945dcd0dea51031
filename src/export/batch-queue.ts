import { runSuppressed } from '../context/suppressed.js';
import type { QueueConfig } from '../core/queue-config.js';
import type { Timers } from '../core/timers.js';
import type { Dropped } from '../metrics/dropped.js';
import type { Batch } from './batch.js';
import { exportOnce } from './export-once.js';
import type { ExportPace } from './export-pace.js';
import { reasonOf } from './failure.js';
import type { Exporter } from './otlp-exporter.js';
import type { Outage } from './outage.js';

export interface BatchQueueParts<Item, Items> {
  readonly config: QueueConfig;
  readonly createBatch: (maxSize: number) => Batch<Item, Items>;
  /** Called at the first export. */
  readonly createExporters: () => Promise<readonly Exporter<Items>[]>;
  readonly dropped: Dropped;
  readonly outage: Outage;
  readonly timers: Timers;
  readonly pace?: ExportPace | undefined;
  /** Called before the queue is read: adds what waits elsewhere. */
  readonly gather?: (() => void) | undefined;
}

/**
 * Spans or log records on their way to the exporters, as OpenTelemetry's batch processor has it: exported `scheduleDelayMs` after the first or when a
 * batch is full, the very first after `firstDelayMs`, one export at a time. Past `maxQueueSize` new ones are dropped and counted; a collector that hangs costs the
 * application nothing but that memory and one batch.
 */
export class BatchQueue<Item, Items = Item[]> {
  readonly #parts: BatchQueueParts<Item, Items>;
  readonly #batchSize: number;
  /** Full batches, the oldest first. */
  #full: Batch<Item, Items>[] = [];
  #filling: Batch<Item, Items> | undefined;
  #timer: unknown;
  #exporters: Promise<readonly Exporter<Items>[]> | undefined;
  /** The same, once they are made: an export then begins in the tick in which it is asked for. */
  #made: readonly Exporter<Items>[] | undefined;
  /** The export under way; settles with whether it succeeded. */
  #running: Promise<boolean> | undefined;
  #accepted = 0;
  /** How many of those accepted have been exported or given up. */
  #tried = 0;
  #isClosed = false;

  constructor(parts: BatchQueueParts<Item, Items>) {
    this.#parts = parts;
    this.#batchSize = Math.max(1, Math.min(parts.config.maxExportBatchSize, parts.config.maxQueueSize));
  }

  add(item: Item): void {
    const { config, dropped, createBatch } = this.#parts;
    if (this.#isClosed || this.length >= config.maxQueueSize) {
      dropped.add(this.#isClosed ? 'shutdown' : 'queue_full');
      return;
    }
    this.#filling ??= createBatch(this.#batchSize);
    this.#filling.add(item);
    this.#accepted += 1;
    if (this.#filling.size === this.#batchSize) {
      this.#full.push(this.#filling);
      this.#filling = undefined;
    }
    this.#proceed();
  }

  get length(): number {
    return this.#full.length * this.#batchSize + (this.#filling?.size ?? 0);
  }

  /**
   * Exports what is waiting now, batch by batch, and stops at the first that fails: behind a collector that takes nothing every one
   * would wait for its time-out. Never rejects.
   */
  async flush(): Promise<void> {
    this.#parts.gather?.();
    const goal = this.#accepted;
    // It began before this flush: its outcome does not show whether an export succeeds now.
    if (this.#running !== undefined) await this.#running;
    while (this.#tried < goal) {
      if (!(await this.#start())) return;
    }
  }

  /** Drops and counts what is still waiting, and gives up the export that is under way. */
  async close(): Promise<void> {
    this.#parts.gather?.();
    this.#isClosed = true;
    this.#parts.timers.clear(this.#timer);
    const { length } = this;
    if (length > 0) this.#parts.dropped.add('shutdown', length);
    this.#tried += length;
    this.#full = [];
    this.#filling = undefined;
    const exporters = await this.#exporters?.catch(() => []);
    await Promise.all((exporters ?? []).map((exporter) => exporter.shutdown().catch(() => {})));
    // It has been aborted and ends at once; its log line belongs before the end of the service.
    await this.#running;
  }

  /** Exports at once where a batch is full, later where something is waiting. */
  #proceed(): void {
    if (this.#running !== undefined) return;
    if (this.#full.length > 0) void this.#start();
    else if (this.#timer === undefined && this.length > 0) this.#schedule();
  }

  #schedule(): void {
    const { config, pace, timers } = this.#parts;
    const setMs = this.#tried === 0 ? config.firstDelayMs : config.scheduleDelayMs;
    const delayMs = pace?.within(setMs) ?? setMs;
    // A timer set in a request would hold its context, and with it the request, until it runs.
    this.#timer = runSuppressed(() => timers.set(() => void this.#start(), delayMs));
  }

  #take(): Batch<Item, Items> | undefined {
    const full = this.#full.shift();
    if (full !== undefined || this.length === 0) return full;
    const rest = this.#filling;
    this.#filling = undefined;
    return rest;
  }

  #start(): Promise<boolean> {
    if (this.#running !== undefined) return this.#running;
    this.#parts.timers.clear(this.#timer);
    this.#timer = undefined;
    this.#parts.gather?.();
    // What that brought may have filled a batch.
    if (this.#running !== undefined) return this.#running;
    const batch = this.#take();
    if (batch === undefined) return Promise.resolve(false);
    this.#running = runSuppressed(() =>
      this.#export(batch).then((isDone) => {
        this.#tried += batch.size;
        this.#running = undefined;
        this.#proceed();
        return isDone;
      }),
    );
    return this.#running;
  }

  async #export(batch: Batch<Item, Items>): Promise<boolean> {
    const { config, dropped, outage, timers } = this.#parts;
    let reason: string | undefined;
    try {
      const exporters = this.#made ?? (await this.#make());
      const items = batch.take();
      if (batch.failed > 0) dropped.add('export_failed', batch.failed);
      if (batch.failed === batch.size) return true;
      const reasons = await Promise.all(
        exporters.map((exporter) => exportOnce(exporter, items, config.exportTimeoutMs, timers)),
      );
      reason = reasons.find((one) => one !== undefined);
    } catch (error) {
      reason = reasonOf(error);
    }
    if (reason === undefined) {
      outage.succeeded();
      return true;
    }
    dropped.add('export_failed', batch.size - batch.failed);
    outage.failed(reason);
    return false;
  }

  async #make(): Promise<readonly Exporter<Items>[]> {
    this.#exporters ??= this.#parts.createExporters();
    this.#made = await this.#exporters;
    return this.#made;
  }
}
