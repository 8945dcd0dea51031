import type { Clock } from '../core/clock.js';
import type { Timers } from '../core/timers.js';
import type { OverloadSample } from '../health/overload.js';
import type { LoopGauge } from './loop-gauge.js';

export interface LoopMonitorParts {
  readonly clock: Clock;
  /** Timers that keep no process alive. */
  readonly timers: Timers;
  readonly windowMs: number;
  readonly gauge: LoopGauge;
  readonly onSample: (sample: OverloadSample) => void;
}

/** A tick this much later than asked for, as a share of the window, is a stall and not the timer's own coarseness. */
const toleratedShare = 0.1;

/** Looks at the event loop once per window, and adds up for how long it was blocked. */
export class LoopMonitor {
  readonly #parts: LoopMonitorParts;
  #timer: unknown;
  #dueAt = Number.POSITIVE_INFINITY;
  #stalledMs = 0;

  constructor(parts: LoopMonitorParts) {
    this.#parts = parts;
  }

  start(): void {
    const { clock, timers, windowMs } = this.#parts;
    this.#dueAt = clock.now() + windowMs;
    this.#timer = timers.set(() => this.#tick(), windowMs);
  }

  stop(): void {
    const { timers, gauge } = this.#parts;
    timers.clear(this.#timer);
    this.#dueAt = Number.POSITIVE_INFINITY;
    gauge.close();
  }

  /** For how long this process has been blocked so far, in milliseconds: what peers are not to be blamed for. Never falls. */
  get stalledMs(): number {
    return this.#stalledMs + this.#lateness();
  }

  #tick(): void {
    const { clock, gauge, onSample } = this.#parts;
    const lateMs = clock.now() - this.#dueAt;
    this.#stalledMs += this.#lateness();
    this.start();
    const { delayP99Ms, utilization } = gauge.read();
    // Where each turn of the loop takes longer than a window, Node's histogram is reset before it has two samples, and is empty.
    onSample({ delayP99Ms: Math.max(delayP99Ms, lateMs), utilization });
  }

  #lateness(): number {
    const lateMs = this.#parts.clock.now() - this.#dueAt;
    return lateMs > this.#parts.windowMs * toleratedShare ? lateMs : 0;
  }
}
